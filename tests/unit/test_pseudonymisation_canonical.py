"""Canonical identifiers at random: the column equals the value, and nothing merges."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymisation.canonical import birth_date, nhs_number, postcode
from pseudonymisation.canonical_columns import (
    birth_date_column,
    is_test_nhs_number,
    nhs_number_column,
    postcode_column,
)
from pseudonymisation.errors import IdentifierRefused

DIGITS = st.text("0123456789", min_size=9, max_size=11)
NOISE = st.text("0123456789 -\t\n.A\u0661\uff11\u00a0", max_size=14)
POSTCODES = st.from_regex(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}\n?")
DATES = st.dates(date(1, 1, 1), date(2999, 12, 31)).map(str) | st.text(
    "0123456789-", min_size=8, max_size=11
)


def or_none(canonical: object, text: str) -> str | None:
    try:
        return str(canonical(text))  # type: ignore[operator]
    except IdentifierRefused:
        return None


def column_of(expression: pl.Expr, texts: list[str]) -> list[str | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(expression).to_series().cast(pl.String).to_list()


@pytest.mark.attack(16, 17)
@given(st.lists(DIGITS | NOISE, max_size=30))
@settings(max_examples=100, deadline=None)
def test_nhs_number_column_equals_value(texts: list[str]) -> None:
    """About one random number in eleven is right; both forms agree which."""
    found = column_of(nhs_number_column(pl.col("text")), texts)
    assert found == [or_none(nhs_number, text) for text in texts]


@given(st.lists(POSTCODES | st.text(max_size=9), max_size=20))
@settings(max_examples=50, deadline=None)
def test_postcode_column_equals_value(texts: list[str]) -> None:
    """Postcodes and things that are none."""
    found = column_of(postcode_column(pl.col("text")), texts)
    assert found == [or_none(postcode, text) for text in texts]


@given(st.lists(DATES, max_size=20))
@settings(max_examples=50, deadline=None)
def test_birth_date_column_equals_value(texts: list[str]) -> None:
    """Days and things that are none."""
    found = column_of(birth_date_column(pl.col("text")), texts)
    assert found == [or_none(birth_date, text) for text in texts]


@pytest.mark.attack(17)
@given(DIGITS)
@settings(max_examples=200, deadline=None)
def test_one_wrong_digit_is_seen(text: str) -> None:
    """Modulus 11 sees every single wrong digit, so a slip never becomes a neighbour."""
    canonical = or_none(nhs_number, text)
    if canonical is None:
        return
    for place in range(10):
        slipped = str((int(canonical[place]) + 1) % 10)
        other = canonical[:place] + slipped + canonical[place + 1 :]
        assert or_none(nhs_number, other) is None


@pytest.mark.attack(17)
def test_a_thousand_placeholders_are_nobody() -> None:
    """A thousand people with the number for "unknown" do not become one."""
    found = column_of(nhs_number_column(pl.col("text")), ["9999999999"] * 1000)
    assert found == [None] * 1000


@pytest.mark.attack(17)
@pytest.mark.parametrize(
    ("number", "wanted"), [("9990000018", True), ("9434765919", False), (None, None)]
)
def test_range_for_tests(number: str | None, wanted: bool | None) -> None:
    """Made-up people have numbers that start with 999."""
    frame = pl.DataFrame({"number": [number]}, schema={"number": pl.String})
    assert frame.select(is_test_nhs_number(pl.col("number"))).item() is wanted
