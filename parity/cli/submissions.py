"""`parity submissions`: what arrived, its state, which is in force."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from parity.cli.options import (
    AsJson,
    HomeOption,
    PassphraseFd,
    PassphraseFile,
    open_data,
    parse_month,
)
from parity.cli.screen import show_json, show_table

_COLUMNS = ("provider", "month", "kind", "state", "in force", "received", "submission")


def submissions(
    month: Annotated[
        date | None, typer.Option(parser=parse_month, metavar="YYYY-MM")
    ] = None,
    provider: Annotated[str | None, typer.Option(metavar="CODE")] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Show what arrived, its state, and which submission is in force."""
    from parity.intake.history import submissions as arrivals

    found, keyring = open_data(home, passphrase_file, passphrase_fd)
    rows = arrivals(found, keyring, month=month, provider=provider)
    if as_json:
        show_json([vars(row) for row in rows])
        return
    cells = [
        (
            row.provider_code,
            f"{row.month:%Y-%m}",
            row.kind,
            row.state,
            "yes" if row.is_in_force else "no",
            f"{row.received_at:%Y-%m-%d %H:%M}" if row.received_at else None,
            row.submission_id,
        )
        for row in rows
    ]
    show_table(_COLUMNS, cells)
