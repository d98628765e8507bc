"""Months, and nothing else."""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def month_start(day: date) -> date:
    """First day of the month of a day."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """First day of the month after the month of a day."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_end(day: date) -> date:
    """Last day of the month of a day."""
    return next_month(day) - ONE_DAY


def months_between(first: date, last: date) -> tuple[date, ...]:
    """First days of the months from the month of `first` to that of `last`."""
    found = [month_start(first)]
    while next_month(found[-1]) <= last:
        found.append(next_month(found[-1]))
    return tuple(found)


def month_text(day: date) -> str:
    """The month of a day as YYYY-MM."""
    return day.isoformat()[:7]


def years_between(birth: date, day: date) -> int:
    """Age in whole years (who is born on 29 February is older on 1 March)."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
