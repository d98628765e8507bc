"""Pathways as known at a month and edition, and as known last.

What belongs here: the two clocks, the two pathway keys, and which row of a person and
service request counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from .care import (
    Care,
    Running,
    Window,
    care_inside,
    chosen_problem,
    course_of,
    employment_at_start,
    running_scores,
)
from .joining import Joining
from .outcomes import Course, Outcome, outcome_of
from .people import Person, Reference
from .records import Employment, Records, Referral, gather
from .submissions import EDITIONS, Shelf

UNKNOWN_SUB_ICB = "UNKNOWN"

Key = tuple[Person, str]


@dataclass
class Pathway:
    """A referral worked out: what was known of it at one month of one edition."""

    edition: str
    month: date
    period_end: date
    provider: str
    person: Person
    service_request: str
    sub_icb: str
    received: date
    discharged: date | None
    care: Care
    problem: str | None
    running: Running
    course: Course
    outcome: Outcome
    groups: dict[str, str]
    is_counted: bool = True

    @property
    def first_assessment(self) -> date | None:
        return next(iter(self.care.assessment_dates), None)

    @property
    def first_treatment(self) -> date | None:
        return next(iter(self.care.treatment_dates), None)

    @property
    def second_treatment(self) -> date | None:
        return next(iter(self.care.treatment_dates[1:]), None)

    @property
    def last_treatment(self) -> date | None:
        return next(iter(self.care.treatment_dates[::-1]), None)

    @property
    def wait(self) -> int | None:
        """Days from the referral to its first treatment; may be negative."""
        if self.first_treatment is None:
            return None
        return (self.first_treatment - self.received).days


class Recomputation:
    """Every pathway of a set of submissions, on both clocks."""

    def __init__(self, shelf: Shelf, reference: Reference) -> None:
        self._shelf = shelf
        self._reference = reference
        joining = Joining(shelf)
        self._records = {id(s): gather(s, reference, joining) for s in shelf.all}

    def by_month(self) -> list[Pathway]:
        """One row per edition, month and national pathway."""
        return [
            pathway
            for edition in EDITIONS
            for month in self._shelf.months
            for pathway in self._month(edition, month)
        ]

    def _month(self, edition: str, month: date) -> list[Pathway]:
        worked = []
        for provider in self._shelf.providers:
            own = self._shelf.in_force(edition, provider, month)
            if own is None:
                continue
            known = [self._records[id(s)] for s in self._shelf.known_at(own)]
            index = [_by_key(r, lambda referral: referral.person) for r in known]
            for referral in known[0].referrals:
                key = referral.person, referral.service_request
                rows = [by_key[key] for by_key in index if key in by_key]
                statuses = [
                    s for r in known for s in r.employment.get(referral.person, [])
                ]
                worked.append(self._work(edition, referral, rows, statuses))
        _mark_counted(worked)
        return worked

    def latest(self) -> list[Pathway]:
        """One row per joined pathway, from final data, as known last."""
        return [
            pathway
            for provider in self._shelf.providers
            for pathway in self._latest(provider)
        ]

    def _latest(self, provider: str) -> list[Pathway]:
        finals = [
            self._shelf.in_force("final", provider, m) for m in self._shelf.months
        ]
        records = [self._records[id(s)] for s in finals if s]
        index = [_by_key(r, lambda referral: referral.joined) for r in records]
        worked = []
        for key in sorted({key for by_key in index for key in by_key}):
            rows = [by_key[key] for by_key in index if key in by_key]
            own = rows[-1]
            statuses = [
                status
                for r in records
                if r.submission.period_start <= own.month
                for status in r.joined_employment.get(key[0], [])
            ]
            pathway = self._work("final", own, rows, statuses)
            pathway.person = key[0]
            worked.append(pathway)
        return worked

    def _work(
        self,
        edition: str,
        own: Referral,
        rows: list[Referral],
        statuses: list[Employment],
    ) -> Pathway:
        """Work one referral out. own: the row in force; rows: all known rows of it."""
        window = Window.of(own)
        care = care_inside(window, rows)
        course = course_of(own, care, window, rows)
        problem = chosen_problem(rows)
        is_known = own.commissioner in self._reference.sub_icbs
        return Pathway(
            edition=edition,
            month=own.month,
            period_end=own.period_end,
            provider=own.provider,
            person=own.person,
            service_request=own.service_request,
            sub_icb=own.commissioner if is_known else UNKNOWN_SUB_ICB,
            received=own.received,
            discharged=own.discharged,
            care=care,
            problem=problem,
            running=running_scores(window, rows, problem),
            course=course,
            outcome=outcome_of(course),
            groups={
                **own.described.groups,
                "employment_at_start": employment_at_start(window, statuses),
            },
        )


def _by_key(
    records: Records, identity: Callable[[Referral], Person]
) -> dict[Key, Referral]:
    """A submission's referrals by person and service request."""
    return {(identity(r), r.service_request): r for r in records.referrals}


def _mark_counted(pathways: list[Pathway]) -> None:
    """UsePathway_Flag: which row of a person and service request counts in a month.

    Of the rows that share them, whichever provider sent them, the latest received, then
    the latest ended (open counts as the period's end).
    """
    same: dict[Key, list[Pathway]] = defaultdict(list)
    for pathway in pathways:
        same[pathway.person, pathway.service_request].append(pathway)
    for rows in same.values():
        rows.sort(key=_use_order, reverse=True)
        if len(rows) > 1 and _use_order(rows[0]) == _use_order(rows[1]):
            raise ValueError("two rows of one person and service request tie")
        for row in rows[1:]:
            row.is_counted = False


def _use_order(pathway: Pathway) -> tuple[date, date]:
    return pathway.received, pathway.discharged or pathway.period_end
