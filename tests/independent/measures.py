"""The official measures over worked pathways, for every organisation and group.

What belongs here: the constructions of the July 2026 measures metadata as Python, each
under its number, and the cells they are computed for. Percentages and means are exact
fractions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from . import codes
from .pathways import Pathway


def _in_period(when: date | None, pathway: Pathway) -> bool:
    return when is not None and pathway.month <= when <= pathway.period_end


def _accessed(pathway: Pathway, within: int | None = None) -> bool:
    if not _in_period(pathway.first_treatment, pathway):
        return False
    return within is None or (pathway.wait is not None and pathway.wait <= within)


def _ended(pathway: Pathway) -> bool:
    return _in_period(pathway.discharged, pathway)


def _finished(pathway: Pathway, within: int | None = None) -> bool:
    if not (_ended(pathway) and pathway.course.is_finished):
        return False
    return within is None or (pathway.wait is not None and pathway.wait <= within)


# "Count of distinct PathwayID where ...": which pathways of the month count.
COUNTS: dict[str, Callable[[Pathway], bool]] = {
    "M001": lambda p: _in_period(p.received, p),
    "M023": lambda p: _in_period(p.first_assessment, p),
    "M031": lambda p: _accessed(p),
    "M036": lambda p: _accessed(p, codes.SIX_WEEKS),
    "M037": lambda p: _accessed(p, codes.EIGHTEEN_WEEKS),
    "M052": lambda p: _finished(p, codes.SIX_WEEKS),
    "M054": lambda p: _finished(p, codes.EIGHTEEN_WEEKS),
    "M056": _ended,
    "M073": lambda p: _ended(p) and p.care.contact_count == 0,
    "M074": lambda p: (
        _ended(p) and p.care.treatment_count == 0 and p.care.contact_count > 0
    ),
    "M075": lambda p: _ended(p) and p.care.treatment_count == 1,
    "M076": lambda p: _finished(p),
    "M179": lambda p: _ended(p) and p.outcome.is_not_at_caseness,
    "M184": lambda p: _in_period(p.second_treatment, p),
    "M185": lambda p: _ended(p) and p.outcome.is_improved,
    "M187": lambda p: _ended(p) and p.outcome.is_unchanged,
    "M189": lambda p: _ended(p) and p.outcome.is_deteriorated,
    "M191": lambda p: _ended(p) and p.outcome.is_recovered,
    "M193": lambda p: _ended(p) and p.outcome.is_reliably_recovered,
}

# "... divided by ... expressed as a percentage": numerator, denominator, and what the
# denominator leaves out.
PERCENTAGES: dict[str, tuple[str, str, str | None]] = {
    "M053": ("M052", "M076", None),
    "M055": ("M054", "M076", None),
    "M186": ("M185", "M076", None),
    "M192": ("M191", "M076", "M179"),
    "M195": ("M193", "M076", "M179"),
    "M1010": ("M189", "M076", None),
}

WAIT_MEASURES = ("M048", "M049")


@dataclass(frozen=True)
class Figure:
    """A measure in a cell. value: exact; None where there is nothing to divide by."""

    numerator: int
    denominator: int | None
    value: Fraction | None


def figures(pathways: list[Pathway]) -> dict[str, Figure]:
    """Every measure over the pathways of one cell."""
    counts = {m: sum(1 for p in pathways if holds(p)) for m, holds in COUNTS.items()}
    result = {m: Figure(n, None, Fraction(n)) for m, n in counts.items()}
    for measure, (top, bottom, less) in PERCENTAGES.items():
        denominator = counts[bottom] - (counts[less] if less else 0)
        value = Fraction(100 * counts[top], denominator) if denominator else None
        result[measure] = Figure(counts[top], denominator, value)
    waits = sorted(p.wait for p in pathways if p.wait is not None and _accessed(p))
    result["M048"] = Figure(len(waits), None, _mean(waits))
    result["M049"] = Figure(len(waits), None, _median(waits))
    return result


def _mean(values: list[int]) -> Fraction | None:
    return Fraction(sum(values), len(values)) if values else None


def _median(values: list[int]) -> Fraction | None:
    if not values:
        return None
    middle = len(values) // 2
    if len(values) % 2:
        return Fraction(values[middle])
    return Fraction(values[middle - 1] + values[middle], 2)


# (level, sub-ICB or None, provider or None)
Organisation = tuple[str, str | None, str | None]


def organisations_of(pathway: Pathway) -> list[Organisation]:
    """The four organisations that a pathway counts in."""
    return [
        ("England", None, None),
        ("SubICB", pathway.sub_icb, None),
        ("Provider", None, pathway.provider),
        ("SubICB - Provider", pathway.sub_icb, pathway.provider),
    ]


# (edition, period type, first day, last day)
Period = tuple[str, str, date, date]


def periods(pathways: Iterable[Pathway]) -> dict[Period, list[Pathway]]:
    """Counted pathways by month and by financial year.

    A year's figures are those of its months added up: a pathway stands in each month
    that it was reported in, and in the group that it had then.
    """
    counted = [p for p in pathways if p.is_counted]
    last_day: dict[tuple[str, date], date] = {}
    for pathway in counted:
        key = pathway.edition, year_start(pathway.month)
        last_day[key] = max(last_day.get(key, date.min), pathway.period_end)

    found: dict[Period, list[Pathway]] = defaultdict(list)
    for pathway in counted:
        month: Period = (pathway.edition, "month", pathway.month, pathway.period_end)
        found[month].append(pathway)
        start = year_start(pathway.month)
        ends = last_day[pathway.edition, start]
        year: Period = (pathway.edition, "financial_year", start, ends)
        found[year].append(pathway)
    return dict(found)


def year_start(month: date) -> date:
    """The first of April of the financial year."""
    return date(month.year if month.month >= 4 else month.year - 1, 4, 1)


def by_organisation(
    pathways: Iterable[Pathway],
) -> dict[tuple[Period, Organisation], dict[str, Figure]]:
    """Every measure by month (and year) and organisation."""
    return {
        (period, organisation): figures(rows)
        for period, rows_of_period in periods(pathways).items()
        for organisation, rows in _grouped(rows_of_period).items()
    }


def by_group(
    pathways: Iterable[Pathway],
) -> dict[tuple[Period, Organisation, str, str], dict[str, Figure]]:
    """The same by characteristic and group; groups without anybody hold zeros."""
    return {
        (period, organisation, characteristic, group): figures(
            [p for p in rows if p.groups[characteristic] == group]
        )
        for period, rows_of_period in periods(pathways).items()
        for organisation, rows in _grouped(rows_of_period).items()
        for characteristic, groups in codes.GROUPS.items()
        for group in groups
    }


def _grouped(pathways: Iterable[Pathway]) -> dict[Organisation, list[Pathway]]:
    found: dict[Organisation, list[Pathway]] = defaultdict(list)
    for pathway in pathways:
        for organisation in organisations_of(pathway):
            found[organisation].append(pathway)
    return dict(found)
