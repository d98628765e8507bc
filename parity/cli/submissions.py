"""`parity submissions`: what arrived, its state, which is in force."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from parity.cli.options import Asked, at_home, parse_month
from parity.cli.screen import show_json, show_table

_COLUMNS = ("provider", "month", "kind", "state", "in force", "received", "submission")


@at_home
def submissions(
    asked: Asked,
    month: Annotated[
        date | None, typer.Option(parser=parse_month, metavar="YYYY-MM")
    ] = None,
    provider: Annotated[str | None, typer.Option(metavar="CODE")] = None,
) -> None:
    """Show what arrived, its state, and which submission is in force."""
    from parity.intake.history import submissions as arrivals

    found, keyring = asked.open_data()
    rows = arrivals(found, keyring, month=month, provider=provider)
    if asked.as_json:
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
