"""One caseload that two providers send, as happens when services change hands.

What belongs here: copying the raw submissions of one provider under the code of
another, with dates of receipt that let either row of a person and service request be
the one that counts.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Collection
from datetime import date, timedelta
from functools import partial
from pathlib import Path

Rejected = tuple[str, str, int]

_HEADER, _REFERRALS = "IDS000Header", "IDS101Referral"
# Rows below a referral that a rule compares with the day of its receipt.
_DATED = (
    "IDS201CareContact",
    "IDS205InternetTherLog",
    "IDS606CodedScoreAssessmentRefer",
)


def send_twice(
    raw: Path, provider: str, other: str, month: str, rejected: Collection[Rejected]
) -> set[Rejected]:
    """Send a provider's submissions of a month again as another provider.

    The copy was received a day later, and so counts, where the referral is still open
    and has nothing dated in the month; a day earlier where it has.
    rejected: broken rows of what is copied; returns the same rows of the copies.
    """
    again = set()
    for folder in sorted(raw.glob(f"{provider}_{month}_*")):
        kind = folder.name.rsplit("_", 1)[1]
        copy = raw / f"{other}_{month}_{kind}"
        shutil.copytree(folder, copy)
        _change(copy / f"{_HEADER}.csv", partial(_sent_by, provider=other))
        busy = {row["ServiceRequestId"] for name in _DATED for row in _rows(copy, name)}
        _change(copy / f"{_REFERRALS}.csv", partial(_moved, month=month, busy=busy))
        again |= {(copy.name, t, place) for f, t, place in rejected if f == folder.name}
    return again


def _sent_by(row: dict[str, str], provider: str) -> dict[str, str]:
    return row | {"OrgIDProv": provider, "OrgIDSubmit": provider}


def _moved(row: dict[str, str], month: str, busy: set[str]) -> dict[str, str]:
    column = "ReferralRequestReceivedDate"
    received = date.fromisoformat(row[column])
    has_room = not row["ServDischDate"] and row[column] < month
    days = 1 if has_room and row["ServiceRequestId"] not in busy else -1
    return row | {column: (received + timedelta(days)).isoformat()}


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _change(path: Path, how: Callable[[dict[str, str]], dict[str, str]]) -> None:
    rows = _rows(path.parent, path.stem)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(how(row) for row in rows)
