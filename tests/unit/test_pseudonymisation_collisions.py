"""Collisions come as the birthday bound says, and at 128 bits they do not come.

What stops when one comes all the same is tested where it stops: test_vault_store and
test_access_packages.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scale import scale

from pseudonymisation.encoding import bytes_part, text_part
from pseudonymisation.keyed_hash import (
    PSEUDONYM_BYTES,
    pseudonym_column,
    token_column,
    uuid_text_column,
)

# Fixed keys: chance is drawn once, so the test says the same at every run.
LINKAGE = bytes.fromhex(
    "5b0c9e77a1d2433f8816ef04b9c05d2a7713c6f8e94b30a2d55e01974c6ab8df"
)
DOMAIN_KEY = LINKAGE[::-1]


@pytest.fixture(scope="module")
def pseudonyms() -> pl.DataFrame:
    """Two tiers over numbers in order: nearly equal texts, no chance but the hash's."""
    number = pl.int_range(9_000_000_000, 9_000_000_000 + scale(1_000_000))
    frame = pl.select(number=number.cast(pl.String)).lazy()
    token = token_column(LINKAGE, "nhs-number", text_part(pl.col("number")))
    name = pseudonym_column(DOMAIN_KEY, "person", bytes_part(pl.col("token")))
    made = frame.select(token=token).select(pseudonym=name)
    return made.with_columns(text=uuid_text_column(pl.col("pseudonym"))).collect()


def pairs(count: int) -> int:
    return count * (count - 1) // 2


def colliding_pairs(values: np.ndarray) -> int:
    """How many pairs of equal values there are."""
    _, times = np.unique(values, return_counts=True)
    return int((times.astype(np.int64) * (times - 1) // 2).sum())


@pytest.mark.attack(20)
@pytest.mark.parametrize("bits", [24, 28, 32, 36])
@pytest.mark.parametrize("end", ["first", "last"])
def test_cut_pseudonyms_collide_as_often_as_chance(
    pseudonyms: pl.DataFrame, bits: int, end: str
) -> None:
    """Pairs that share n bits, within five standard deviations of the expectation.

    Fewer or more would mean that the bits are not spread evenly, and that the budget
    for 128 bits (README of pseudonymisation) was worked out for something else.
    """
    raw = np.frombuffer(b"".join(pseudonyms["pseudonym"].to_list()), dtype=">u8")
    half = raw.reshape(-1, 2)[:, 0 if end == "first" else 1].astype(np.uint64)
    cut = half >> np.uint64(64 - bits) if end == "first" else half % np.uint64(2**bits)
    expected = pairs(len(cut)) / 2**bits
    assert abs(colliding_pairs(cut) - expected) < 5 * math.sqrt(expected) + 1


@pytest.mark.attack(20)
def test_whole_pseudonyms_do_not_collide(pseudonyms: pl.DataFrame) -> None:
    """Neither the bytes nor their text: each is as long as it should be, and alone."""
    assert pseudonyms["pseudonym"].n_unique() == pseudonyms.height
    assert pseudonyms["text"].n_unique() == pseudonyms.height
    assert set(pseudonyms["pseudonym"].bin.size()) == {PSEUDONYM_BYTES} == {16}
    assert set(pseudonyms["text"].str.len_bytes()) == {36}


@pytest.mark.attack(20)
def test_every_bit_is_used(pseudonyms: pl.DataFrame) -> None:
    """Each of 128 bits is one in half the pseudonyms: there are no version bits."""
    made = pseudonyms["pseudonym"].head(1_000_000).to_list()
    raw = np.frombuffer(b"".join(made), dtype=np.uint8).reshape(-1, PSEUDONYM_BYTES)
    ones = np.unpackbits(raw, axis=1).sum(axis=0, dtype=np.int64)
    spread = math.sqrt(len(made)) / 2
    assert len(ones) == 128
    assert np.abs(ones - len(made) / 2).max() < 5 * spread


@pytest.mark.attack(20, control=True)
def test_the_count_sees_a_collision() -> None:
    """Three equal values are three pairs."""
    assert colliding_pairs(np.array([1, 2, 2, 3, 4, 4, 4])) == 1 + 3


@pytest.mark.attack(20)
def test_the_budget_that_the_readme_states() -> None:
    """n^2 / 2^129, for England, a thousand million and more."""
    stated = {60_000_000: 5.3e-24, 10**9: 1.5e-21, 10**10: 1.5e-19, 10**12: 1.5e-15}
    for values, chance in stated.items():
        assert pairs(values) / 2**128 == pytest.approx(chance, rel=0.05)
