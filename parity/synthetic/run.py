"""From a seed to folders: the one entry of the package.

What belongs here: the order of the steps. People and pathways first, then outcomes,
scores, defects and differences, then files and truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from parity.synthetic.caseload import Caseload
from parity.synthetic.defects import add_broken_rows, spoil_values
from parity.synthetic.draws import Draws
from parity.synthetic.errors import SyntheticError
from parity.synthetic.files import make_folder, write_rows, write_submission
from parity.synthetic.model import Pathway
from parity.synthetic.months import month_end, month_start, months_between
from parity.synthetic.outcomes import decide_outcomes
from parity.synthetic.reference import (
    MOST_PROVIDERS,
    Country,
    make_country,
    write_reference,
)
from parity.synthetic.refresh import decide_differences
from parity.synthetic.scores import ScoreGiver
from parity.synthetic.submissions import build_tables, folder_name, number_contacts
from parity.synthetic.truth import COLUMNS, is_finished, truth_row

DEFECTS = ("none", "low", "high")


@dataclass(frozen=True)
class Summary:
    """What was written."""

    submissions: int
    people: int
    referrals: int
    finished: int
    contacts: int
    rows: int
    defects: int


def synthesise(
    out: Path,
    *,
    providers: int = 3,
    first: date = date(2024, 4, 1),
    last: date = date(2025, 3, 1),
    referrals_per_month: int = 200,
    refresh: bool = False,
    seed: int = 7,
    defects: str = "none",
    truth: Path | None = None,
) -> Summary:
    """Write submissions of synthetic providers, their reference data and their truth.

    The services start empty: nobody was referred before the first month. The same
    arguments give the same bytes on every machine.

    out: a new or empty folder; receives <provider>_<YYYY-MM>_<kind>/ and reference/.
    first, last: any day of the first and the last month.
    refresh: also write a refresh for every month but the last. Final data, and the
        truth, are then the refreshes and the last primary.
    defects: "low" spoils values that a warehouse must cope with; "high" also adds rows
        that rules reject. Either leaves the truth as it is: what is rejected was added.
    truth: receives pathways.csv and defects.csv.

    Raises:
        SyntheticError: an argument is out of range, or `out` is not empty.
    """
    first, last = month_start(first), month_start(last)
    _check(out, providers, first, last, referrals_per_month, defects)
    months, country = months_between(first, last), make_country(providers)
    streams = [Draws(s) for s in np.random.SeedSequence(seed).spawn(4)]
    pathways = Caseload(streams[0], country, months).all_pathways(referrals_per_month)
    _decide(pathways, streams[1], months[-1])
    spoil_values(pathways, streams[2], defects)
    if refresh and len(months) > 1:
        until = month_end(months[-2])
        decide_differences(pathways, streams[3], country, until)
    written = _write_all(out, country, pathways, months, refresh, defects)
    if truth is not None:
        _write_truth(truth, pathways, months, written.defects)
    return _summary(pathways, written)


@dataclass
class _Written:
    """What has been written so far."""

    submissions: int = 0
    rows: int = 0
    defects: list[tuple[str, str, str, str]] = field(default_factory=list)


def _check(
    out: Path, providers: int, first: date, last: date, referrals: int, defects: str
) -> None:
    if not 1 <= providers <= MOST_PROVIDERS:
        raise SyntheticError("providers", f"providers: 1 to {MOST_PROVIDERS}")
    if first > last:
        raise SyntheticError("months", "the first month is after the last one")
    if referrals < 1:
        raise SyntheticError("referrals", "referrals a month: at least one")
    if defects not in DEFECTS:
        raise SyntheticError("defects", f"defects: one of {', '.join(DEFECTS)}")
    if out.exists() and any(out.iterdir()):
        raise SyntheticError("not_empty", "the folder for the submissions is not empty")


def _decide(pathways: Sequence[Pathway], draws: Draws, last_month: date) -> None:
    """Outcomes, then scores, then forget what lies after the last month."""
    finished = [pathway for pathway in pathways if pathway.ending == "finished"]
    decide_outcomes(finished, draws)
    giver = ScoreGiver(draws)
    for pathway in pathways:
        giver.give(pathway)
        pathway.cut_after(month_end(last_month))


def _slots(months: Sequence[date], refresh: bool) -> Iterator[tuple[date, str]]:
    """Month and kind of a provider's submissions, in the order of the months."""
    for month in months:
        yield month, "primary"
        if refresh and month != months[-1]:
            yield month, "refresh"


def _write_all(
    out: Path,
    country: Country,
    pathways: Sequence[Pathway],
    months: Sequence[date],
    refresh: bool,
    defects: str,
) -> _Written:
    """Write the reference files and every submission."""
    make_folder(out)
    write_reference(out / "reference", country)
    written = _Written()
    for place, provider in enumerate(country.providers):
        own = [pathway for pathway in pathways if pathway.provider == provider]
        number_contacts(own, starts_again=place % 2 == 1)
        for month, kind in _slots(months, refresh):
            _write(out, written, provider, own, month, kind, defects)
    return written


def _write(
    out: Path,
    written: _Written,
    provider: str,
    pathways: Sequence[Pathway],
    month: date,
    kind: str,
    defects: str,
) -> None:
    name = folder_name(provider, month, kind)
    tables = build_tables(provider, pathways, month, kind)
    for table, row, rule in add_broken_rows(tables, month, defects):
        written.defects.append((name, table, str(row), rule))
    write_submission(out / name, tables)
    written.submissions += 1
    written.rows += sum(len(rows) for rows in tables.values())


def _write_truth(
    folder: Path,
    pathways: Sequence[Pathway],
    months: Sequence[date],
    defects: Sequence[tuple[str, str, str, str]],
) -> None:
    rows = [truth_row(pathway, months) for pathway in pathways]
    rows.sort(key=lambda row: (row["OrgIDProv"], row["ServiceRequestId"]))
    lines = ([row[column] for column in COLUMNS] for row in rows)
    write_rows(folder / "pathways.csv", COLUMNS, lines)
    names = ("submission", "table", "row_number", "rule_id")
    write_rows(folder / "defects.csv", names, defects)


def _summary(pathways: Sequence[Pathway], written: _Written) -> Summary:
    return Summary(
        submissions=written.submissions,
        people=len({pathway.registration.person.number for pathway in pathways}),
        referrals=len(pathways),
        finished=sum(is_finished(pathway) for pathway in pathways),
        contacts=sum(len(p.contacts) + len(p.follow_ups) for p in pathways),
        rows=written.rows,
        defects=len(written.defects),
    )
