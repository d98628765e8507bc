"""`parity retain`: what is past its time goes."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.options import Asked, at_home
from parity.cli.screen import say, show_json, show_table, working


@at_home
def retain(
    asked: Asked,
    apply: Annotated[
        bool,
        typer.Option("--apply/--dry-run", help="Let it go; else only show what would."),
    ] = False,
    clock_is_right: Annotated[
        bool,
        typer.Option(
            "--clock-is-right",
            help="With --apply: the machine's clock was looked at; is entered.",
        ),
    ] = False,
) -> None:
    """Show what is past its time by the table in settings.toml; with --apply it goes.

    Of the landing zone the month's key is destroyed first: after that no copy of its
    files can be read, wherever it lies. Nothing goes while the ledger speaks against
    the clock: its last entry is later than now, or for longer than settings.toml allows
    nothing was entered.
    """
    if clock_is_right and not apply:
        raise typer.BadParameter("--clock-is-right goes with --apply")
    with working("looking for what is past its time"):
        from orchestration.retention import retain as retain_home

        opened = asked.open()
        rows = retain_home(*opened, apply, clock_is_right=clock_is_right)
    if asked.as_json:
        show_json([vars(row) for row in rows])
        return
    columns = ("zone", "what", "keep months", "how", "past", "oldest", "gone")
    cells = [
        (*list(vars(row).values())[:-1], "yes" if row.gone else "") for row in rows
    ]
    show_table(columns, cells, numbers=("keep months", "past"))
    if not apply and any(row.oldest for row in rows):
        say("nothing went: parity retain --apply")
