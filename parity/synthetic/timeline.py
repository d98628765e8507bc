"""When things happen in one referral: waits, gaps, sessions, discharge.

What belongs here: days only. `pathways` turns them into contacts.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from parity.synthetic import rates
from parity.synthetic.contacts import working_day
from parity.synthetic.draws import Draws
from parity.synthetic.months import month_end, next_month


@dataclass
class Plan:
    """What is fixed before the rest is drawn; None leaves it to chance."""

    first_wait: int | None = None
    second_wait: int | None = None
    is_short: bool = False
    is_without_logs: bool = False


@dataclass
class Days:
    """The days of one referral that are taken, so that no two things share one.

    Two attended contacts of a referral on a day would leave their order to a tie-break
    that no source publishes.
    """

    taken: set[date] = field(default_factory=set)

    def take(self, day: date) -> date:
        """Mark a day as taken."""
        self.taken.add(day)
        return day

    def free_between(self, draws: Draws, first: date, last: date) -> date | None:
        """Take a free day from first to last; None when none was found soon."""
        if last < first:
            return None
        for _ in range(6):
            day = draws.day_between(first, last)
            if day not in self.taken:
                return self.take(day)
        return None


def treatment_days(draws: Draws, received: date, plan: Plan, count: int) -> list[date]:
    """Days of `count` treatments, the first after the first wait."""
    found = [_first_day(draws, received, plan.first_wait)]
    if count > 1:
        found.append(_second_day(draws, found[0], plan))
    while len(found) < count:
        gap = 7 if plan.is_short else int(draws.pick(rates.LATER_GAP))
        found.append(working_day(draws, found[-1] + timedelta(days=gap)))
    return found


def treatment_count(draws: Draws, plan: Plan) -> int:
    """Number of treatments of a finished course, two or more."""
    if plan.is_short:
        return draws.whole(3, 4)
    more = draws.long_tailed_count(
        rates.FURTHER_TREATMENTS_MEAN, rates.FURTHER_TREATMENTS_SHAPE
    )
    return min(2 + more, rates.MOST_TREATMENTS)


def _first_day(draws: Draws, received: date, planned: int | None) -> date:
    if planned is not None:
        return received + timedelta(days=planned)
    if draws.chance(rates.SLOW_WAIT):
        wait = draws.log_normal(rates.SLOW_WAIT_MEDIAN, rates.SLOW_WAIT_SIGMA)
    else:
        wait = draws.log_normal(rates.FAST_WAIT_MEDIAN, rates.FAST_WAIT_SIGMA)
    return working_day(draws, received + timedelta(days=min(int(wait), 365)))


def _second_day(draws: Draws, first: date, plan: Plan) -> date:
    if plan.second_wait is not None:
        return first + timedelta(days=plan.second_wait)
    if plan.is_short:
        return first + timedelta(days=draws.whole(7, 14))
    low, high = draws.pick(rates.SECOND_WAIT).split("-")
    day = first + timedelta(days=draws.whole(int(low), int(high)))
    return working_day(draws, day)


def discharge_day(draws: Draws, received: date, last: date | None, ending: str) -> date:
    """Day of discharge: on or after the last event; a few on the edge of a month."""
    if last is None:
        day = received + timedelta(days=draws.whole(10, 60))
    elif ending == "once":
        day = last + timedelta(days=draws.whole(7, 70))
    else:
        day = last + timedelta(days=draws.whole(0, 28))
    if not draws.chance(rates.DISCHARGE_ON_MONTH_EDGE):
        return day
    return month_end(day) if draws.chance(0.5) else next_month(day)


def follow_up_day(draws: Draws, discharged: date) -> date:
    """Day of a follow-up, one to three months after the discharge."""
    day = discharged + timedelta(days=draws.whole(30, 90))
    return working_day(draws, day)
