"""Disclosure control: the threshold with its neighbours, rounding, impossible input.

The expected texts follow NHS England's rule for sub-national figures (counts 0 to 4
starred, the rest to the nearest five, percentages whole) and national ones (exact, one
decimal).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.disclosure import DisclosureError, Protected, profile, protect

PROFILE = profile("nhs_publication")
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "level": pl.String,
    "statistic": pl.String,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "value": pl.Decimal(18, 6),
}


def cells(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def shown(
    level: str,
    statistic: str,
    numerator: int,
    denominator: int | None = None,
    value: str | None = None,
) -> str:
    """The published text of one cell."""
    exact = None if value is None else Decimal(value)
    one = cells((level, statistic, numerator, denominator, exact))
    return str(protect(one, PROFILE).cells.item(0, "published"))


def half_up(value: Decimal, step: str) -> str:
    """Rounding by Python's decimal module: an independent second way."""
    return str(value.quantize(Decimal(step), rounding=ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "*"),
        (1, "*"),
        (4, "*"),
        (5, "5"),
        (7, "5"),
        (8, "10"),
        (12, "10"),
        (13, "15"),
        (17, "15"),
        (18, "20"),
        (1002, "1000"),
        (1003, "1005"),
    ],
)
def test_counts_below_england_are_starred_under_five_and_rounded_to_five(
    count: int, text: str
) -> None:
    assert shown("Provider", "count", count) == text


@pytest.mark.parametrize("count", [0, 1, 4, 5, 7, 13, 98889])
def test_england_counts_are_exact(count: int) -> None:
    assert shown("England", "count", count) == str(count)


@pytest.mark.attack(36)
@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (4, 4, "*"),
        (4, 1000, "*"),
        (5, 5, "100"),
        (5, 1000, "1"),  # 0.5 goes away from zero
        (5, 1001, "0"),
        (5, 200, "3"),  # 2.5
        (7, 200, "4"),  # 3.5: banker's rounding would agree here and not above
        (49, 200, "25"),  # 24.5
        (7, 13, "54"),  # from unrounded counts: 5 of 15 would be 33
        (0, 0, "*"),  # an empty group is starred like any other zero
    ],
)
def test_percentages_below_england_are_whole_and_starred_with_their_numerator(
    numerator: int, denominator: int, text: str
) -> None:
    assert shown("SubICB", "percentage", numerator, denominator) == text


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (0, 3, "0.0"),
        (1, 3, "33.3"),
        (2, 3, "66.7"),
        (3, 3, "100.0"),
        (1, 2000, "0.1"),  # 0.05
        (3, 2000, "0.2"),  # 0.15: a float would say 0.1
        (0, 0, "-"),
    ],
)
def test_england_percentages_have_one_decimal(
    numerator: int, denominator: int, text: str
) -> None:
    assert shown("England", "percentage", numerator, denominator) == text


@pytest.mark.attack(36)
@pytest.mark.parametrize("statistic", ["mean", "median"])
@pytest.mark.parametrize(
    ("level", "pathways", "value", "text"),
    [
        ("Provider", 4, "12.000000", "*"),
        ("Provider", 0, None, "*"),
        ("Provider", 5, "12.250000", "12.3"),
        ("Provider", 5, "12.249999", "12.2"),
        ("Provider", 5, "-0.250000", "-0.3"),
        ("Provider", 5, "-0.040000", "0.0"),
        ("England", 1, "0.050000", "0.1"),
        ("England", 0, None, "-"),
    ],
)
def test_averages_have_one_decimal_and_need_five_pathways_below_england(
    statistic: str, level: str, pathways: int, value: str | None, text: str
) -> None:
    assert shown(level, statistic, pathways, value=value) == text


def test_a_level_that_the_profile_does_not_know_is_protected() -> None:
    assert shown("Somewhere new", "count", 4) == "*"


@settings(deadline=None)
@given(
    numerator=st.integers(min_value=5, max_value=10**7),
    more=st.integers(min_value=0, max_value=10**7),
)
def test_percentages_agree_with_decimal_arithmetic(numerator: int, more: int) -> None:
    exact = Decimal(numerator) * 100 / Decimal(numerator + more)
    both = cells(
        ("England", "percentage", numerator, numerator + more, None),
        ("Provider", "percentage", numerator, numerator + more, None),
    )
    published = protect(both, PROFILE).cells["published"].to_list()
    assert published == [half_up(exact, "0.1"), half_up(exact, "1")]


@settings(deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_averages_agree_with_decimal_arithmetic(value: Decimal) -> None:
    one = cells(("England", "mean", 1, None, value))
    text = str(protect(one, PROFILE).cells.item(0, "published"))
    assert Decimal(text) == value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


@pytest.mark.attack(36)
def test_the_result_holds_no_exact_number_and_cannot_be_summed() -> None:
    exact = cells(("Provider", "count", 3, None, None)).with_columns(code=pl.lit("A"))
    protected = protect(exact, PROFILE)
    assert isinstance(protected, Protected)
    assert protected.profile == "nhs_publication"
    assert protected.cells.columns == ["level", "statistic", "code", "published"]
    assert protected.cells.schema["published"] == pl.String
    with pytest.raises(pl.exceptions.InvalidOperationError):
        protected.cells["published"].sum()


def test_an_empty_table_stays_empty() -> None:
    assert protect(cells(), PROFILE).cells.height == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ((None, "count", 5, None, None), "null_level"),
        (("England", "rate", 5, None, None), "unknown_statistic"),
        (("England", None, 5, None, None), "unknown_statistic"),
        (("England", "count", None, None, None), "null_count"),
        (("England", "percentage", 5, None, None), "null_count"),
        (("England", "count", -1, None, None), "negative_count"),
        (("England", "percentage", 0, -1, None), "negative_count"),
        (("England", "count", 5, 9, None), "stray_denominator"),
        (("England", "percentage", 6, 5, None), "numerator_above_denominator"),
        (("England", "mean", 5, None, None), "average_without_pathways"),
        (("England", "mean", 0, None, Decimal(1)), "average_without_pathways"),
    ],
)
def test_impossible_cells_are_refused(row: tuple[object, ...], code: str) -> None:
    good = ("England", "count", 123456789, None, None)
    with pytest.raises(DisclosureError) as refused:
        protect(cells(good, row), PROFILE)
    assert refused.value.code == code
    assert "123456789" not in str(refused.value)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("level", pl.Int64),
        ("statistic", pl.Int64),
        ("numerator", pl.Float64),
        ("denominator", pl.Float64),
        ("value", pl.Float64),
    ],
)
def test_columns_of_another_type_are_refused(
    column: str, kind: type[pl.DataType]
) -> None:
    with pytest.raises(DisclosureError) as refused:
        protect(cells().cast({column: kind}), PROFILE)
    assert refused.value.code == "columns"
    assert column in refused.value.message


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(DisclosureError) as refused:
        protect(cells().drop("numerator"), PROFILE)
    assert refused.value.code == "columns"


def test_protected_cells_are_not_protected_twice() -> None:
    twice = cells().with_columns(published=pl.lit("*"))
    with pytest.raises(DisclosureError) as refused:
        protect(twice, PROFILE)
    assert refused.value.code == "published_before"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(DisclosureError) as refused:
        profile("none")
    assert refused.value.code == "unknown_profile"
