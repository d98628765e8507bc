"""Who is referred where and when: all pathways of all providers.

What belongs here: the flow of referrals into the services, month after month, and where
the boundary cases go. The services start empty.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from parity.synthetic import rates
from parity.synthetic.draws import Draws
from parity.synthetic.model import Pathway, Registration
from parity.synthetic.months import month_end
from parity.synthetic.pathways import PathwayMaker
from parity.synthetic.people import Population
from parity.synthetic.planted import CASES, Case
from parity.synthetic.reference import Country
from parity.synthetic.scales import GAD_7
from parity.synthetic.timeline import Plan

_FREE_AFTER = timedelta(days=100)
"""From a discharge (a follow-up comes within 95 days) to the person's next referral."""
_SHORT_COURSE = timedelta(days=95)
"""At most this from the first or second treatment of a short course to its end."""
_PLANTED = 0.4  # of finished courses, while there are boundary cases left
_TRIES = 5


@dataclass
class _Queue:
    """What is still to be planted at one provider."""

    waits: deque[int] = field(default_factory=lambda: deque(rates.BOUNDARY_WAITS))
    second_waits: deque[int] = field(
        default_factory=lambda: deque(rates.BOUNDARY_SECOND_WAITS)
    )
    cases: deque[Case] = field(default_factory=deque)


class Caseload:
    """Makes the pathways of all providers, month by month."""

    def __init__(self, draws: Draws, country: Country, months: Sequence[date]) -> None:
        self._draws = draws
        self._country = country
        self._months = months
        self._last_day = month_end(months[-1])
        self._population = Population(draws, country, self._last_day)
        self._maker = PathwayMaker(draws, country)
        self._known: list[list[Registration]] = [[] for _ in country.providers]
        self._queues = [_Queue() for _ in country.providers]
        self._queues[0].cases.extend(CASES)

    def all_pathways(self, referrals_per_month: int) -> list[Pathway]:
        """Every pathway, uncut, by month, provider and day of receipt."""
        found: list[Pathway] = []
        for month in self._months:
            for provider in range(len(self._country.providers)):
                count = round(
                    referrals_per_month * (0.93 + 0.14 * self._draws.uniform())
                )
                last = month_end(month)
                days = sorted(
                    self._draws.day_between(month, last) for _ in range(max(count, 1))
                )
                found += [self._pathway(provider, day) for day in days]
        return found

    def _pathway(self, provider: int, received: date) -> Pathway:
        registration = self._registration(provider, received)
        ending = self._maker.ending()
        plan, case, note = Plan(), None, ""
        if ending == "finished" and self._draws.chance(_PLANTED):
            plan, case, note = self._planted(provider, received)
        problem = case.problem if case else ""
        pathway = self._maker.make(registration, received, ending, plan, problem)
        pathway.note = note
        if case is not None:
            pathway.outcome = case.outcome()
            pathway.specific = "" if case.scale is GAD_7 else "paired"
        return pathway

    def _planted(self, provider: int, received: date) -> tuple[Plan, Case | None, str]:
        """A boundary case that can still finish before the last day, if one is left."""
        queue = self._queues[provider]
        left = self._last_day - received - _SHORT_COURSE
        if queue.waits and timedelta(days=queue.waits[0]) <= left:
            wait = queue.waits.popleft()
            return Plan(wait, None, True), None, f"first wait of {wait} days"
        quick = self._draws.whole(3, 21)
        if queue.second_waits:
            second = queue.second_waits[0]
            if timedelta(days=quick + second) <= left:
                queue.second_waits.popleft()
                return Plan(quick, second, True), None, f"second wait of {second} days"
        if queue.cases and timedelta(days=quick) <= left:
            case = queue.cases.popleft()
            return Plan(quick, None, True), case, case.what
        return Plan(), None, ""

    def _registration(self, provider: int, received: date) -> Registration:
        """Somebody treated here before, somebody known elsewhere, or somebody new."""
        draws = self._draws
        found = None
        if draws.chance(rates.KNOWN_PERSON):
            found = self._returning(provider, received)
        elif draws.chance(rates.PERSON_FROM_ELSEWHERE):
            found = self._from_elsewhere(provider, received)
        if found is None:
            found = self._population.register_new(provider, received)
        if not found.pathways:
            self._known[provider].append(found)
        return found

    def _returning(self, provider: int, received: date) -> Registration | None:
        known = self._known[provider]
        for _ in range(_TRIES if known else 0):
            candidate = self._draws.one_of(known)
            ended = candidate.pathways[-1].discharged
            if ended is not None and ended + _FREE_AFTER < received:
                return candidate
        return None

    def _from_elsewhere(self, provider: int, received: date) -> Registration | None:
        """A person of another provider, known there by NHS number from the start.

        Only with that number can anybody else know that the two are one person.
        """
        others = [
            n for n in range(len(self._known)) if n != provider and self._known[n]
        ]
        for _ in range(_TRIES if others else 0):
            candidate = self._draws.one_of(self._known[self._draws.one_of(others)])
            person = candidate.person
            is_numbered = candidate.number_from == candidate.known_since.replace(day=1)
            if is_numbered and not person.is_shared:
                person.is_shared = True
                code = self._country.providers[provider]
                return self._population.register(code, person, received)
        return None
