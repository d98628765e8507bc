"""Every awkward spelling ends as one canonical form or a refusal with a code.

identifiers.json holds the tables: a person who knows the registers can read them.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pseudonymisation.canonical import birth_date, nhs_number, postcode
from pseudonymisation.canonical_columns import (
    birth_date_column,
    nhs_number_column,
    nhs_number_refusal,
    postcode_column,
)
from pseudonymisation.errors import IdentifierRefused

TABLES = json.loads((Path(__file__).parent / "identifiers.json").read_text())
VALUE = {"nhs_number": nhs_number, "postcode": postcode, "birth_date": birth_date}
COLUMN = {
    "nhs_number": nhs_number_column,
    "postcode": postcode_column,
    "birth_date": birth_date_column,
}
CASES = [
    pytest.param(kind, given, wanted, id=f"{kind}-{why}")
    for kind in VALUE
    for why, given, wanted in TABLES[kind]["spellings"]
]


@pytest.mark.attack(16, 17)
@pytest.mark.parametrize(("kind", "given", "wanted"), CASES)
def test_spelling(kind: str, given: str, wanted: str) -> None:
    """One form, or one code; what is made of it is made again of the form itself."""
    if wanted.startswith(kind):
        with pytest.raises(IdentifierRefused) as refusal:
            VALUE[kind](given)
        assert refusal.value.code == wanted
        assert len(given) < 4 or given not in str(refusal.value)
    else:
        assert str(VALUE[kind](given)) == str(VALUE[kind](wanted)) == wanted


@pytest.mark.attack(16, 17)
@pytest.mark.parametrize("kind", VALUE)
def test_spellings_in_a_column(kind: str) -> None:
    """The same forms in a column, and null for every refusal."""
    _, given, wanted = zip(*TABLES[kind]["spellings"], strict=True)
    found = pl.DataFrame({"text": given}).select(COLUMN[kind](pl.col("text")))
    assert found.to_series().cast(pl.String).to_list() == [
        None if result.startswith(kind) else result for result in wanted
    ]


@pytest.mark.attack(16, 17)
def test_refusals_in_a_column() -> None:
    """The column names the same code as the value."""
    _, given, wanted = zip(*TABLES["nhs_number"]["spellings"], strict=True)
    found = pl.DataFrame({"text": given}).select(nhs_number_refusal(pl.col("text")))
    assert found.to_series().to_list() == [
        result if result.startswith("nhs_number") else None for result in wanted
    ]


def test_the_tables_hold_both() -> None:
    """Forms and refusals of every kind, and no spelling twice."""
    for kind in VALUE:
        given = [row[1] for row in TABLES[kind]["spellings"]]
        assert len(set(given)) == len(given)
        codes = {row[2] for row in TABLES[kind]["spellings"]}
        assert any(code.startswith(kind) for code in codes)
        assert not all(code.startswith(kind) for code in codes)
