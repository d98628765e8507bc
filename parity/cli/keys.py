"""`parity keys`: which keys a home has, their making and end. Never a key itself."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.failures import DATA
from parity.cli.options import Asked, at_home
from parity.cli.rotate import rotate
from parity.cli.screen import complain, counted, say, show_json, show_table, working
from parity.home import Home

if TYPE_CHECKING:
    from parity.home.keyring import Purpose
    from parity.home.keyring_check import KeyringCheck

app = typer.Typer(help="The keys of a home.", no_args_is_help=True)
app.command("rotate")(rotate)

_COLUMNS = (
    "name",
    "purpose",
    "version",
    "state",
    "created_at",
    "changed_at",
    "protects_until",
    "reads_until",
)

# What a hand may make. Every other key is made with the home or by what needs it.
_MADE_BY_HAND: dict[str, Purpose] = {
    r"package:[a-z][a-z_]*": "file",
    r"project:[a-z][a-z_]*": "derivation",
    r"publisher|checkpoint": "signing",
}


@app.command("list")
@at_home
def list_keys(
    asked: Asked,
) -> None:
    """Show every key that there is or was: purpose, version, state, dates, its age.

    Age says `expires soon` within 30 days of the end of a key's period.
    """
    from parity.home.keyring_check import age_of

    with working("opening the keyring"):
        _, keyring = asked.open()
    now = datetime.now(UTC)
    columns = (*_COLUMNS, "age")
    rows = [
        [*(getattr(key, name) for name in _COLUMNS), age_of(key, now)]
        for key in keyring.records()
    ]
    if asked.as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        shown = [row for row in rows if not _is_of_a_request_that_is_over(row)]
        show_table([name.replace("_", " ") for name in columns], shown)
        if over := len(rows) - len(shown):
            say(f"and {over} destroyed keys of requests to re-identify (--json)")
        for row in rows:
            if row[-1]:
                complain(f"{row[0]} {row[2]}: {row[-1]}")


def _is_of_a_request_that_is_over(row: list[object]) -> bool:
    said = dict(zip(_COLUMNS, row, strict=False))
    return (said["purpose"], said["state"]) == ("exchange", "destroyed")


@app.command("generate")
@at_home
def generate(
    asked: Asked,
    name: Annotated[str, typer.Argument(help="package:ROLE, project:ROLE, publisher.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What the key is for.")],
) -> None:
    """Make a key where there is none in force.

    Package files (file), projects (derivation), publisher and checkpoint (signing). The
    other keys are made with the home.
    """
    known = [p for form, p in _MADE_BY_HAND.items() if re.fullmatch(form, name)]
    if not known:
        raise typer.BadParameter("no key of that name is made by hand")
    if purpose != known[0]:
        raise typer.BadParameter(f"a key of that name has the purpose {known[0]}")
    _, keyring = asked.open()
    keyring.generate(name, known[0])
    made = keyring.record(name)
    if asked.as_json:
        show_json({"name": name, "purpose": made.purpose, "version": made.version})
    else:
        say(f"made {name} {made.version}, protects until {made.protects_until[:10]}")


@app.command("retire")
@at_home
def retire(
    asked: Asked,
    name: Annotated[str, typer.Argument(help="The key's name.")],
    version: Annotated[int, typer.Option("--version", help="Which of its versions.")],
    compromised: Annotated[
        bool,
        typer.Option("--compromised", help="Others may know it: it reads no more."),
    ] = False,
) -> None:
    """Lay a version of a key down: it protects nothing more, and reads what it did.

    There is no way back. With --compromised it does not read either, and the home may
    stand still until `parity keys rotate` has put another in its place.
    """
    if not compromised and not any(re.fullmatch(f, name) for f in _MADE_BY_HAND):
        raise typer.BadParameter("that key ends by `parity keys rotate`, not by hand")
    _, keyring = asked.open()
    if compromised:
        keyring.compromise(name, version)
    else:
        keyring.deactivate(name, version)
    state = keyring.record(name, version).state
    if asked.as_json:
        show_json({"name": name, "version": version, "state": state})
    else:
        say(f"{name} {version} is {state}")


@app.command("verify")
@at_home
def verify(
    asked: Asked,
) -> None:
    """Unwrap every key that is not destroyed, and hold keyring and ledger together.

    Exit code 1 when something does not hold, a rotation that was cut off included. Keys
    past their period are listed; they are refused where they are used. That the end of
    the ledger was cut off since the last change of a key is seen with
    `parity ledger verify --checkpoint`.
    """
    from parity.home.keyring_check import check_keyring

    with working("opening every key"):
        found, keyring = asked.open_quietly()
        check = check_keyring(keyring)
    check = _with_unfinished(found, check)
    if asked.as_json:
        show_json(_as_document(check))
    else:
        _tell(check)
    if check.findings:
        raise typer.Exit(DATA)


def _with_unfinished(home: Home, check: KeyringCheck) -> KeyringCheck:
    """The check with what a journal tells: a rewriting at work, or one cut off."""
    from parity.home.keyring_check import Finding
    from parity.rewriting import CUT_OFF, HOW_TO_RESUME, is_unfinished

    if not is_unfinished(home):
        return check
    told = Finding("rewriting_unfinished", f"{CUT_OFF}, or is at work: {HOW_TO_RESUME}")
    return replace(check, findings=(*check.findings, told))


def _as_document(check: KeyringCheck) -> dict[str, object]:
    head = check.ledger
    return {
        "holds": not check.findings,
        "opened": check.opened,
        "ledger": head and {"entries": head.count, "tag": head.tag},
        "findings": [
            {"code": found.code, "key": found.key, "sentence": found.sentence}
            for found in check.findings
        ],
        "expired": check.expired,
        "expiring": check.expiring,
    }


def _tell(check: KeyringCheck) -> None:
    for found in check.findings:
        complain(f"{found.key}: {found.sentence} [{found.code}]".removeprefix(": "))
    for age, names in (("expired", check.expired), ("expires soon", check.expiring)):
        for name in names:
            complain(f"{name}: {age}")
    say(f"opened {counted(check.opened, 'key')}")
    if check.ledger is not None:
        say(f"the ledger holds, {counted(check.ledger.count, 'entry', 'entries')}")
        say(f"ledger tag {check.ledger.tag}")
