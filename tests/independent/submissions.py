"""The raw submissions: folders of CSV files as a provider sends them.

What belongs here: reading, and which submission counts for which edition of a month.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path

Row = dict[str, str]

EDITIONS = ("primary", "refresh", "final")


@dataclass
class Submission:
    """One folder. Rows keep the order of the file; empty cells are empty texts."""

    provider: str
    kind: str
    period_start: date
    period_end: date
    tables: dict[str, list[Row]] = field(repr=False)


# A row of a submission that is known to be rejected: folder name, table, place from 1.
Rejected = tuple[str, str, int]


def read_submission(
    folder: Path, rejected: Collection[Rejected] = frozenset()
) -> Submission:
    """Read every CSV file of `<provider>_<YYYY-MM>_<primary|refresh>/`.

    rejected: rows to leave out; no rule is worked here.
    """
    tables = {
        path.stem: [
            row
            for place, row in enumerate(_read_rows(path), start=1)
            if (folder.name, path.stem, place) not in rejected
        ]
        for path in sorted(folder.glob("*.csv"))
    }
    (header,) = tables["IDS000Header"]
    return Submission(
        provider=code(header, "OrgIDProv"),
        kind=folder.name.rsplit("_", 1)[1],
        period_start=needed_day(header, "ReportingPeriodStartDate"),
        period_end=needed_day(header, "ReportingPeriodEndDate"),
        tables=tables,
    )


def _read_rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def code(row: Row, column: str) -> str:
    """A coded value without the blanks around it; empty when there is none."""
    return (row.get(column) or "").strip()


def day(row: Row, column: str) -> date | None:
    """A date, or None."""
    text = code(row, column)
    return date.fromisoformat(text) if text else None


def needed_day(row: Row, column: str) -> date:
    """A date that must be there."""
    return date.fromisoformat(code(row, column))


def clock(row: Row, column: str) -> time:
    """A time of day; none counts as midnight."""
    text = code(row, column)
    return time.fromisoformat(text) if text else time(0, 0)


class Shelf:
    """All submissions, one a provider, month and kind."""

    def __init__(self, submissions: Iterable[Submission]) -> None:
        self.all = list(submissions)
        self._by_slot = {(s.provider, s.period_start, s.kind): s for s in self.all}
        if len(self._by_slot) != len(self.all):
            raise ValueError("two submissions of one provider, month and kind")

    def in_force(self, edition: str, provider: str, month: date) -> Submission | None:
        """The submission that an edition reads for a provider and month.

        Final data: the refresh where there is one, else the primary.
        """
        if edition != "final":
            return self._by_slot.get((provider, month, edition))
        refresh = self._by_slot.get((provider, month, "refresh"))
        return refresh or self._by_slot.get((provider, month, "primary"))

    def known_at(self, own: Submission) -> list[Submission]:
        """What is known when a month is worked: itself and the final data before it."""
        known = [own]
        for month in self.months:
            if month < own.period_start:
                earlier = self.in_force("final", own.provider, month)
                if earlier:
                    known.append(earlier)
        return known

    @property
    def months(self) -> list[date]:
        return sorted({s.period_start for s in self.all})

    @property
    def providers(self) -> list[str]:
        return sorted({s.provider for s in self.all})
