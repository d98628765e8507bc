"""Removing one person tells the crosswalk nothing about another."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from test_vault_store import Seen, person_of, record, token_of
from vault_support import KEYS

from parity.home import Home, init
from parity.home.unlock import Keyring, open_keyring
from parity.vault.removal.gone import WANTED, find_gone
from parity.vault.removal.remove import remove
from parity.vault.store import Vault


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return init(tmp_path / "home", synthetic=True)


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


def recorded(home: Home, keyring: Keyring, *months: list[Seen]) -> None:
    with Vault.open(home, keyring.key("vault")) as vault:
        for number, month in enumerate(months):
            record(vault, f"A_2025-0{number + 1}_primary", *month)


def without(home: Home, keyring: Keyring, word: str) -> set[str]:
    """Remove somebody; the words by which they are known from then on."""
    wanted = pl.DataFrame([(token_of(word), None)], schema=WANTED, orient="row")
    with Vault.open(home, keyring.key("vault")) as vault:
        gone = find_gone(vault.connection, wanted)
    assert gone.persons == 1
    remove(home, keyring, gone, "test", erased=True)
    return {t.decode().strip(".") for t in gone.kept_out.get_column("token")}


def joined(home: Home, keyring: Keyring, words: list[str]) -> dict[str, str]:
    """Who each is, in words."""
    names = {person_of(word): word for word in words}
    with Vault.open(home, keyring.key("vault")) as vault:
        links = vault.person_links(KEYS)
    return {names[a]: names[b] for a, b, _ in links.iter_rows()}


WORDS = ["ann", "bob", "cat", "P1", "P2", "P3"]


# Ann and Bob cannot be told apart where a record has no number.
TWINS = [
    Seen(number="ann", local="P1", living="home"),
    Seen(number="bob", local="P2", living="home"),
]
ONE_IDENTIFIER = [Seen(number="ann", local="P3"), Seen(number="bob", local="P3")]


@pytest.mark.attack(16)
@pytest.mark.parametrize(
    ("month", "bare"),
    [
        (TWINS, Seen("B", local="P3", living="home")),
        (ONE_IDENTIFIER, Seen(local="P3")),
    ],
    ids=["twins", "one identifier"],
)
def test_what_was_ambiguous_joins_nobody_after_a_removal(
    home: Home, keyring: Keyring, month: list[Seen], bare: Seen
) -> None:
    """The record may be the removed person's: it must not become the other one's."""
    recorded(home, keyring, month, [bare])
    before = joined(home, keyring, WORDS)
    assert before["P3"] == "P3"
    without(home, keyring, "ann")
    after = joined(home, keyring, WORDS)
    assert after == {a: b for a, b in before.items() if b != "ann"}


def test_what_was_theirs_alone_is_what_they_are_known_by(
    home: Home, keyring: Keyring
) -> None:
    recorded(
        home,
        keyring,
        [
            Seen(number="ann", local="P1", living="hers"),
            Seen(number="bob", local="P2", living="his"),
        ],
        [Seen(local="P1", living="hers")],
    )
    assert without(home, keyring, "ann") == {"ann", "P1", "hers"}
    assert joined(home, keyring, WORDS) == {"bob": "bob"}


def test_what_somebody_else_shows_too_is_not_what_they_are_known_by(
    home: Home, keyring: Keyring
) -> None:
    """A twin is not kept out."""
    recorded(home, keyring, TWINS)
    assert without(home, keyring, "ann") == {"ann", "P1"}
