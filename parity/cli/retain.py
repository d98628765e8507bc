"""`parity retain`: what is past its time goes."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.options import (
    AsJson,
    HomeOption,
    PassphraseFd,
    PassphraseFile,
    open_home,
)
from parity.cli.screen import say, show_json, show_table


def retain(
    apply: Annotated[
        bool,
        typer.Option("--apply/--dry-run", help="Let it go; else only show what would."),
    ] = False,
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Show what is past its time by the table in settings.toml; with --apply it goes.

    Of the landing zone the month's key is destroyed first: after that no copy of its
    files can be read, wherever it lies.
    """
    from orchestration.retention import retain as retain_home

    rows = retain_home(*open_home(home, passphrase_file, passphrase_fd), apply)
    if as_json:
        show_json([vars(row) for row in rows])
        return
    columns = ("zone", "what", "keep months", "how", "past", "oldest", "gone")
    cells = [
        (*list(vars(row).values())[:-1], "yes" if row.gone else "") for row in rows
    ]
    show_table(columns, cells, numbers=("keep months", "past"))
    if not apply and any(row.oldest for row in rows):
        say("nothing went: parity retain --apply")
