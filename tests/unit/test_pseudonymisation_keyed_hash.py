"""Pseudonyms: the column path equals the reference, and only the key makes them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymisation.derivation import derive
from pseudonymisation.encoding import text_part
from pseudonymisation.keyed_hash import (
    PSEUDONYM_BYTES,
    pseudonym,
    pseudonym_column,
    pseudonym_text_column,
    token,
    token_column,
    uuid_text,
    uuid_text_column,
)
from pseudonymisation.keys import check_value, generate_key

AWKWARD = [
    "",
    " ",
    "a",
    "A",
    "a ",
    "\u00e9",
    "e\u0301",
    "\u20ac",
    "\U0001d4b3",
    "\u200b",
    "\ufeffa",
    "a\x00b",
    "a\r\n",
    "\\N",
    "'; drop table",
    "=1+1",
    "\uff19\uff19",
    "z" * 63,
    "z" * 64,
    "z" * 65,
    "z" * 100_000,
]


@given(st.lists(st.text(max_size=40), max_size=20), st.text(max_size=8))
@settings(max_examples=50, deadline=None)
def test_column_equals_reference_at_random(values: list[str], domain: str) -> None:
    """Fresh keys, random text and domains."""
    check(generate_key(), domain, values)


def test_column_equals_reference_on_awkward_text() -> None:
    """Lengths about a block, forms of one letter, signs with a meaning."""
    check(generate_key(), "domain", AWKWARD)


def check(key: bytes, domain: str, values: list[str]) -> None:
    column = text_part(pl.col("value"))
    found = pl.DataFrame({"value": values}, schema={"value": pl.String}).select(
        token=token_column(key, domain, "ZZ1", column),
        pseudonym=pseudonym_column(key, domain, "ZZ1", column),
        uuid=uuid_text_column(pseudonym_column(key, domain, "ZZ1", column)),
        text=pseudonym_text_column(key, domain, "ZZ1", column),
    )
    for value, row in zip(values, found.iter_rows(), strict=True):
        short = pseudonym(key, domain, "ZZ1", value)
        written = uuid_text(short)
        assert row == (token(key, domain, "ZZ1", value), short, written, written)


@pytest.mark.attack(16)
def test_awkward_texts_are_all_different_people() -> None:
    """Nothing merges: no trimming, no case-folding, no normalising."""
    key = generate_key()
    assert len({pseudonym(key, "d", value) for value in AWKWARD}) == len(AWKWARD)


@pytest.mark.attack(18)
def test_null_has_no_pseudonym() -> None:
    """Ten thousand unknowns get no shared identity: they get none."""
    frame = pl.DataFrame({"value": [None] * 10_000}, schema={"value": pl.String})
    column = pseudonym_column(generate_key(), "d", text_part(pl.col("value")))
    assert frame.select(uuid_text_column(column)).to_series().null_count() == 10_000


@pytest.mark.attack(14)
def test_text_of_nulls() -> None:
    """Null stays null on the way through the struct that writes the groups."""
    frame = pl.DataFrame({"value": [None, "x", None]})
    column = text_part(pl.col("value"))
    found = frame.select(pseudonym_text_column(generate_key(), "d", column))
    assert found.to_series().is_null().to_list() == [True, False, True]


def test_only_key_and_domain_make_the_difference() -> None:
    """Another key, another domain, another label: another pseudonym."""
    root = generate_key()
    keys = [root, generate_key(), derive(root, "a"), derive(root, "b")]
    found = {pseudonym(key, domain, "1") for key in keys for domain in ("x", "y")}
    assert len(found) == 8
    assert all(len(value) == PSEUDONYM_BYTES for value in found)


@pytest.mark.attack(14)
def test_check_value_is_no_pseudonym() -> None:
    """What a keyring shows of a key begins no token of it."""
    key = generate_key()
    assert not token(key, "parity key check value 1").hex().startswith(check_value(key))


def test_expression_shows_no_key() -> None:
    """Printing or explaining a query does not print its key."""
    key = generate_key()
    expression = token_column(key, "d", text_part(pl.col("value")))
    plan = pl.LazyFrame({"value": ["x"]}).select(expression).explain()
    assert key.hex() not in str(expression) + repr(expression) + plan
