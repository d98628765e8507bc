"""A key from a passphrase: bounds on its cost, and its repeatability."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pseudonymisation.errors import KeyRefused
from pseudonymisation.keys import check_key, generate_key
from pseudonymisation.passphrase_key import Cost, key_from_passphrase, new_cost

COST = new_cost(2**15)
PASSPHRASE = b"a passphrase of some length"


def test_same_passphrase_and_salt_same_key() -> None:
    """And another one for another passphrase or salt."""
    key = key_from_passphrase(PASSPHRASE, COST)
    assert key == key_from_passphrase(PASSPHRASE, COST)
    assert key != key_from_passphrase(PASSPHRASE + b"x", COST)
    assert key != key_from_passphrase(PASSPHRASE, new_cost(2**15))


@pytest.mark.attack(15)
@pytest.mark.parametrize(
    "cost",
    [
        replace(COST, n=2**14),
        replace(COST, n=2**15 + 1),
        replace(COST, n=2**21),
        replace(COST, n=0),
        replace(COST, r=1),
        replace(COST, p=2),
        replace(COST, salt=b"short"),
    ],
)
def test_cost_out_of_bounds(cost: Cost) -> None:
    """A file cannot talk us into a cheap key, nor into filling the memory."""
    with pytest.raises(KeyRefused, match="scrypt"):
        key_from_passphrase(PASSPHRASE, cost)


@pytest.mark.attack(15)
def test_blank_passphrase() -> None:
    """Nothing protects nothing."""
    with pytest.raises(KeyRefused, match="passphrase_blank"):
        key_from_passphrase(b"", COST)


@pytest.mark.attack(15, control=True)
def test_generated_keys() -> None:
    """A thousand fresh keys pass the gate and are all different."""
    keys = {check_key(generate_key()) for _ in range(1000)}
    assert len(keys) == 1000


@pytest.mark.attack(15)
def test_a_key_is_bytes() -> None:
    """Text, even of the right length, is no key."""
    with pytest.raises(KeyRefused, match="key_not_bytes"):
        check_key("x" * 32)  # type: ignore[arg-type]
