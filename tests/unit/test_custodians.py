"""Who can open what was sealed: two of three custodians, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.home import Home, init, unlock
from parity.vault.custodians import appointed, made_up_custodians, opening_key
from parity.vault.errors import VaultError
from pseudonymisation.sealed_box import public_key


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return init(tmp_path_factory.mktemp("custodians") / "home", synthetic=True)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 0), (0, 2), (2, 1)])
def test_any_two_custodians_have_the_opening_key(
    home: Home, one: int, other: int
) -> None:
    """In whatever order they come."""
    custodians = appointed(home, unlock.open_keyring(home))
    made_up = made_up_custodians(home)
    private = opening_key(custodians, made_up[one], made_up[other])
    assert public_key(private) == custodians.opening_public


def test_one_custodian_twice_has_not(home: Home) -> None:
    custodians = appointed(home, unlock.open_keyring(home))
    one = made_up_custodians(home)[0]
    with pytest.raises(VaultError) as refused:
        opening_key(custodians, one, one)
    assert refused.value.code == "one_custodian"


def test_a_live_home_has_no_made_up_custodians(tmp_path: Path) -> None:
    with pytest.raises(VaultError) as refused:
        made_up_custodians(Home(tmp_path, "live"))
    assert refused.value.code == "not_made_up"
