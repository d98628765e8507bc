"""`parity opt-out`: ask the national check who may be used, and load its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.cli.options import (
    AsJson,
    HomeOption,
    PassphraseFd,
    PassphraseFile,
    open_home,
)
from parity.cli.screen import say, show_json

app = typer.Typer(help="The national data opt-out.", no_args_is_help=True)


@app.command("request")
def request(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="A folder of mode 0700."),
    ],
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Write the NHS numbers of everybody who has landed, to be sent to the check.

    They stand in clear: a data file and a control file of mode 0600, for those alone
    who may see the landing zone. Remove them when they have been sent.
    """
    from parity.vault.opt_out.request import make_request

    made = make_request(*open_home(home, passphrase_file, passphrase_fd), out)
    if as_json:
        show_json(vars(made))
    else:
        say(f"request {made.request} asks about {made.numbers:,} people")
        say(str(made.data))
        say(str(made.control))


@app.command("load")
def load(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The answer's data file, its control file beside it."
        ),
    ],
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Take in who may be used. An answer that is not whole and ours is refused.

    Exit code 1 says why with a code. The next build leaves everybody else out.
    """
    from parity.vault.opt_out.load import load_answer

    loaded = load_answer(*open_home(home, passphrase_file, passphrase_fd), file)
    if as_json:
        show_json(vars(loaded))
    else:
        say(
            f"request {loaded.request}: asked about {loaded.asked:,}, "
            f"{loaded.permitted:,} may be used"
        )
