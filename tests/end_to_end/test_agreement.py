"""The comparison itself: what it must see, and how publications round."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from agreement import differing_columns, differing_measures, one_decimal
from independent.measures import Figure

ROWS = {1: {"a": 1, "b": None}, 2: {"a": 2, "b": "x"}}
FIGURES = {("cell", "M192"): Figure(1, 3, Fraction(100, 3))}


def test_equal_rows_differ_nowhere() -> None:
    assert differing_columns(ROWS, {k: dict(row) for k, row in ROWS.items()}) == {}


def test_columns_that_are_not_expected_do_not_matter() -> None:
    assert differing_columns(ROWS, {1: {"a": 1}, 2: {"a": 2}}) == {}


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        pytest.param(ROWS | {2: {"a": 3, "b": "x"}}, {"a": 1}, id="value"),
        pytest.param(ROWS | {1: {"a": 1, "b": False}}, {"b": 1}, id="false, not null"),
        pytest.param({1: ROWS[1]}, {"(row missing)": 1}, id="row less"),
        pytest.param(ROWS | {3: ROWS[1]}, {"(row too many)": 1}, id="row more"),
    ],
)
def test_differing_rows_are_seen(
    found: dict[int, dict[str, object]], difference: dict[str, int]
) -> None:
    assert differing_columns(found, ROWS) == difference


def test_figures_agree_to_a_millionth() -> None:
    found = {("cell", "M192"): Figure(1, 3, Fraction("33.333333"))}
    assert differing_measures(found, FIGURES) == {}


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(Figure(2, 3, Fraction(100, 3)), id="numerator"),
        pytest.param(Figure(1, 4, Fraction(100, 3)), id="denominator"),
        pytest.param(Figure(1, 3, None), id="no value"),
        pytest.param(Figure(1, 3, Fraction("33.33331")), id="a hair"),
    ],
)
def test_differing_figures_are_seen(figure: Figure) -> None:
    assert differing_measures({("cell", "M192"): figure}, FIGURES) == {"M192": 1}


def test_cells_of_one_side_are_seen() -> None:
    assert differing_measures({}, FIGURES) == {"(cell missing)": 1}
    assert differing_measures(FIGURES, {}) == {"(cell too many)": 1}


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("0", "0.0"),
        ("12.25", "12.3"),
        ("12.249999", "12.2"),
        ("-12.25", "-12.3"),
        ("-0.04", "0.0"),
        ("100", "100.0"),
    ],
)
def test_halves_round_away_from_zero(value: str, printed: str) -> None:
    assert one_decimal(Fraction(value)) == Decimal(printed)
