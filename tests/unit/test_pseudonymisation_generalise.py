"""Ages in whole years, at birthdays and their neighbours."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymisation.generalise import age_column, age_in_years

DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("birth", "on", "age"),
    [
        (date(1980, 6, 15), date(2024, 6, 14), 43),
        (date(1980, 6, 15), date(2024, 6, 15), 44),
        (date(1980, 6, 15), date(2024, 6, 16), 44),
        (date(1980, 6, 15), date(1980, 6, 15), 0),
        (date(1980, 6, 15), date(1980, 6, 14), None),
        (date(2000, 2, 29), date(2023, 2, 28), 22),
        (date(2000, 2, 29), date(2023, 3, 1), 23),
        (date(2000, 2, 29), date(2024, 2, 28), 23),
        (date(2000, 2, 29), date(2024, 2, 29), 24),
        (date(2000, 12, 31), date(2001, 1, 1), 0),
    ],
)
def test_age(birth: date, on: date, age: int | None) -> None:
    """Born on 29 February: the birthday of other years is 1 March."""
    assert age_in_years(birth, on) == age


@given(st.lists(st.tuples(DAYS, DAYS), max_size=20))
@settings(max_examples=50, deadline=None)
def test_column_equals_value(pairs: list[tuple[date, date]]) -> None:
    """The column has the ages of its rows."""
    schema = {"birth": pl.Date, "on": pl.Date}
    frame = pl.DataFrame(pairs, schema=schema, orient="row")
    found = frame.select(age_column(pl.col("birth"), pl.col("on"))).to_series()
    assert found.dtype == pl.Int32
    assert found.to_list() == [age_in_years(*pair) for pair in pairs]


def test_unknown_day_has_no_age() -> None:
    """Null birth or null day: null."""
    day = date(2024, 1, 1)
    frame = pl.DataFrame({"birth": [None, day], "on": [day, None]})
    found = frame.select(age_column(pl.col("birth"), pl.col("on"))).to_series()
    assert found.to_list() == [None, None]
