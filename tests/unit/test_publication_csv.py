"""CSV text: no cell that a spreadsheet would run, no number column with text in it."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from parity.publication.csv_text import csv_bytes
from parity.publication.errors import PublicationError

PAYLOADS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=cmd|"/c calc"!A1',
]


def cells_of(written: bytes) -> list[str]:
    rows = list(csv.reader(written.decode("utf-8").splitlines(keepends=True)))
    return [row[0] for row in rows[1:]]


@pytest.mark.attack(32)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_that_starts_a_formula_gets_an_apostrophe(payload: str) -> None:
    written = csv_bytes(pl.DataFrame({"name": [payload]}))
    assert cells_of(written) == ["'" + payload]


@pytest.mark.attack(32, control=True)
def test_other_text_is_left_as_it_is() -> None:
    names = ["Trust = one", "a-b", 'said "x"', "one, two", "Ynys Môn"]
    assert cells_of(csv_bytes(pl.DataFrame({"name": names}))) == names


def test_null_is_an_empty_cell() -> None:
    table = pl.DataFrame({"a": [None], "b": ["x"]}, schema_overrides={"a": pl.String})
    assert csv_bytes(table) == b"a,b\n,x\n"


@pytest.mark.parametrize("number", ["*", "-", "0", "125", "33.3", "-0.3"])
def test_numbers_and_markers_stand_unchanged(number: str) -> None:
    table = pl.DataFrame({"value": [number]})
    assert cells_of(csv_bytes(table, "value")) == [number]


@pytest.mark.attack(32)
@pytest.mark.parametrize("number", [None, "", "=1", "1e3", "NaN", "1\n", "--1", " 5"])
def test_a_number_column_holds_nothing_else(number: str | None) -> None:
    table = pl.DataFrame({"value": [number]}, schema={"value": pl.String})
    with pytest.raises(PublicationError) as refused:
        csv_bytes(table, "value")
    assert refused.value.code == "not_a_number"
