"""Less instead of nothing: a birth date becomes an age, a day at a time.

Age in whole years is the number of birthdays so far. Whoever was born on 29 February
has a birthday on 1 March in years without that day. A day before birth has no age:
null.
"""

from __future__ import annotations

from datetime import date

import polars as pl


def age_in_years(birth: date, on: date) -> int | None:
    """Whole years of age on a day; None when the day comes before birth."""
    if on < birth:
        return None
    had_birthday = (on.month, on.day) >= (birth.month, birth.day)
    return on.year - birth.year - (0 if had_birthday else 1)


def age_column(birth: pl.Expr, on: pl.Expr) -> pl.Expr:
    """Whole years of age (Int32) from two Date expressions; null as for one value."""
    had_birthday = _month_day(on) >= _month_day(birth)
    years = on.dt.year() - birth.dt.year() - (~had_birthday).cast(pl.Int32)
    return pl.when(on >= birth).then(years.cast(pl.Int32))


def _month_day(day: pl.Expr) -> pl.Expr:
    return day.dt.month().cast(pl.Int32) * 100 + day.dt.day().cast(pl.Int32)
