"""What arrived at a home and what is in force: what `parity submissions` shows.

What belongs here: reading the receipts of the landed store and the answers of rejected
submissions. Nothing is decided here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

from parity.home import Home
from parity.home.unlock import Keyring
from parity.warehouse.connections import reading


@dataclass(frozen=True)
class SubmissionRow:
    """One arrival: of accepted content, or a rejected submission."""

    provider_code: str
    month: date
    kind: str
    state: str
    submission_id: str
    received_at: datetime | None
    is_in_force: bool


_ARRIVALS = """
    select
        provider_code,
        reporting_month,
        submission_kind,
        'accepted' as state,
        submission_id::varchar,
        received_at,
        row_number() over (
            partition by provider_code, reporting_month, submission_kind
            order by received_at desc, receipt_number desc
        ) = 1 as is_in_force
    from landed.receipts.receipt
    inner join landed.receipts.submission using (submission_id)
    order by reporting_month, provider_code, submission_kind, received_at
"""


def submissions(
    home: Home,
    keyring: Keyring,
    month: date | None = None,
    provider: str | None = None,
) -> list[SubmissionRow]:
    """Every arrival of a home, oldest month first; or of one month or provider."""
    rows = [*_accepted(home, keyring), *_rejected(home)]
    chosen = [
        row
        for row in rows
        if month in (None, row.month) and provider in (None, row.provider_code)
    ]
    return sorted(chosen, key=lambda r: (r.month, r.provider_code, r.kind, r.state))


def _accepted(home: Home, keyring: Keyring) -> list[SubmissionRow]:
    if not home.landed_file.exists():
        return []
    with reading(home, landed=keyring.key_to_read("landed")) as connection:
        return [SubmissionRow(*r) for r in connection.execute(_ARRIVALS).fetchall()]


def _rejected(home: Home) -> list[SubmissionRow]:
    found = []
    for file in sorted(home.answers.glob("*/*/answer.json")):
        answer = json.loads(file.read_text(encoding="utf-8"))
        if answer["state"] == "rejected":
            provider, month, kind = file.parent.parent.name.rsplit("_", 2)
            found.append(
                SubmissionRow(
                    provider,
                    date.fromisoformat(f"{month}-01"),
                    kind,
                    "rejected",
                    file.parent.name,
                    None,
                    is_in_force=False,
                )
            )
    return found
