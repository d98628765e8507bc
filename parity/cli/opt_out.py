"""`parity opt-out`: ask the national check who may be used, and load its answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.options import (
    Asked,
    at_home,
)
from parity.cli.screen import say, show_json

if TYPE_CHECKING:
    from parity.vault.opt_out.load import Answer

app = typer.Typer(help="The national data opt-out.", no_args_is_help=True)


@app.command("request")
@at_home
def request(
    asked: Asked,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="A folder of mode 0700."),
    ],
) -> None:
    """Write the NHS numbers of everybody who has landed, to be sent to the check.

    They stand in clear: a data file and a control file of mode 0600, for those alone
    who may see the landing zone. Remove them when they have been sent.
    """
    from parity.vault.opt_out.request import make_request

    made = make_request(*asked.open_data(), out)
    if asked.as_json:
        show_json(vars(made))
    else:
        say(f"request {made.request} asks about {made.numbers:,} people")
        say(str(made.data))
        say(str(made.control))


@app.command("load")
@at_home
def load(
    asked: Asked,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            metavar="FILE.dat",
            help="The answer's data file, with FILE.control.json beside it.",
        ),
    ],
    accept_share: Annotated[
        bool,
        typer.Option(
            "--accept-share",
            help="Believe an answer that withholds or changes more people than the "
            "home's settings believe; the ledger says so. Ask the sender first.",
        ),
    ] = False,
) -> None:
    """Take in who may be used. An answer that is not whole and ours is refused.

    Exit code 1 says why with a code. Says how many people the next build removes for
    good; nobody has gone before it, and what was built before holds them until then.
    """
    from parity.vault.opt_out.load import load_answer

    found, keyring = asked.open_data()
    loaded = load_answer(found, keyring, file, accept_share)
    if asked.as_json:
        show_json(vars(loaded))
    else:
        _say(loaded)


def _say(loaded: Answer) -> None:
    say(
        f"request {loaded.request}: asked about {loaded.asked:,}, "
        f"{loaded.permitted:,} may be used"
    )
    say(f"the next build removes {loaded.leaving:,} people")
    if loaded.returning:
        say(
            f"{loaded.returning:,} who were removed may be used again: "
            "parity opt-out restore brings their rows back"
        )
    say("the warehouse and its packages are as before until then. Now: parity build")


@app.command("restore")
@at_home
def restore(
    asked: Asked,
) -> None:
    """Bring back rows of people who are permitted again, from sealed submissions.

    Only what is in force, and only where the sealed copy is still kept: else the same
    file submitted again does it. Done again it changes nothing.
    """
    from parity.intake.returning import restore as restore_rows

    done = restore_rows(*asked.open_data())
    if asked.as_json:
        show_json(vars(done))
        return
    say(
        f"{done.rows:,} rows of {done.persons:,} person records came back, in "
        f"{done.returned:,} of {done.short:,} submissions that people had left"
    )
    if done.without_copy:
        say(
            f"{done.without_copy:,} have no copy that can be read: submit the same "
            "files again"
        )
    if done.rows:
        say("now: parity build")
