"""The crosswalk: who joins whom, whatever the order, and nobody by accident."""

from __future__ import annotations

import itertools
import stat
from pathlib import Path

import polars as pl
import pytest
from vault_support import ANN, BOB, KEYS, column, land, person, submission

from parity.home import Home, HomeError, init
from parity.intake.slot import Slot
from parity.vault.errors import VaultError
from parity.vault.store import Vault
from pseudonymisation.keyed_hash import pseudonym, uuid_text
from pseudonymisation.keys import generate_key

KEY = generate_key()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return init(tmp_path / "home", synthetic=True)


def token_of(word: str) -> bytes:
    return word.encode().ljust(32, b".")


def person_of(word: str) -> str:
    return uuid_text(pseudonym(KEYS.person, "person", token_of(word)))


def observations(*pairs: tuple[str | None, str | None]) -> pl.DataFrame:
    rows = [tuple(token_of(word) if word else None for word in pair) for pair in pairs]
    schema = {"local_token": pl.Binary, "nhs_token": pl.Binary}
    return pl.DataFrame(rows, schema=schema, orient="row")


def links(home: Home, *months: pl.DataFrame) -> dict[str, str]:
    with Vault.open(home, KEY) as vault:
        for month in months:
            vault.record(month)
        return dict(vault.person_links(KEYS).iter_rows())


def test_local_identifier_joins_its_one_number(home: Home) -> None:
    """Months without the number belong to the person with it."""
    found = links(home, observations(("P1", None)), observations(("P1", "ann")))
    ann = person_of("ann")
    assert found == {person_of("P1"): ann, ann: ann}


def test_number_joins_providers(home: Home) -> None:
    """One number under two local identifiers: one person, months without it too."""
    pairs = [("P1", "ann"), ("Q9", "ann"), ("Q9", None)]
    assert set(links(home, observations(*pairs)).values()) == {person_of("ann")}


@pytest.mark.attack(16)
def test_two_numbers_join_nothing(home: Home) -> None:
    """A local identifier used for two people leaves three persons, not one."""
    pairs = [("P1", "ann"), ("P1", "bob"), ("P1", None)]
    found = links(home, observations(*pairs))
    assert found == {person_of(word): person_of(word) for word in ("ann", "bob", "P1")}


def test_only_local_identifier(home: Home) -> None:
    """A person without any number is named by the local identifier."""
    assert links(home, observations(("P1", None))) == {person_of("P1"): person_of("P1")}


def test_only_number(home: Home) -> None:
    """A person without local identifier is named by the number."""
    assert links(home, observations((None, "ann"))) == {
        person_of("ann"): person_of("ann")
    }


def test_local_identifier_with_number_only_is_no_person(home: Home) -> None:
    """Nobody was ever known under it alone: it has no row."""
    assert person_of("P1") not in links(home, observations(("P1", "ann")))


@pytest.mark.attack(33)
def test_any_order_gives_the_same_people(tmp_path: Path) -> None:
    """Six orders of three months: the same links."""
    months = [
        observations(("P1", None), ("P2", "bob")),
        observations(("P1", "ann"), ("P2", None)),
        observations(("P2", "cid"), ("Q1", "ann"), ("Q1", None)),
    ]
    found = []
    for number, order in enumerate(itertools.permutations(months)):
        home = init(tmp_path / str(number), synthetic=True)
        found.append(links(home, *order))
    assert all(each == found[0] for each in found)
    assert len(found[0]) == 6


@pytest.mark.attack(33)
def test_recording_again_changes_nothing(home: Home) -> None:
    """A replayed submission, nulls included, adds no row."""
    month = observations(("P1", None), ("P1", "ann"), (None, "bob"))
    with Vault.open(home, KEY) as vault:
        counts = []
        for _ in range(3):
            vault.record(month)
            row = vault._connection.execute("select count(*) from vault.observation")
            counts.append(row.fetchone())
    assert counts == [(3,)] * 3


def test_kept_between_openings(home: Home) -> None:
    """In its encrypted, private file; another key does not open it."""
    links(home, observations(("P1", "ann")))
    assert stat.S_IMODE(home.vault_file.stat().st_mode) == 0o600
    assert token_of("ann") not in home.vault_file.read_bytes()
    assert links(home) == {person_of("ann"): person_of("ann")}
    with pytest.raises(HomeError, match="not_opened"), Vault.open(home, generate_key()):
        pass


def test_empty_vault(home: Home) -> None:
    """No people, but the columns."""
    with Vault.open(home, KEY) as vault:
        found = vault.person_links(KEYS)
    assert found.schema == {"national_person_id": pl.String, "person_id": pl.String}
    assert found.height == 0


@pytest.mark.attack(20)
def test_colliding_pseudonyms_stop(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people with one pseudonym are an error, never one person."""
    monkeypatch.setattr(
        "parity.vault.store._warehouse_person",
        lambda _, name: pl.col(name).is_null().cast(pl.String),
    )
    with pytest.raises(VaultError, match="pseudonym_collision"):
        links(home, observations(("P1", "ann"), ("P2", "bob")))


def test_links_cover_every_landed_person(home: Home) -> None:
    """Each NationalPersonId of two providers' submissions has exactly one link."""
    april = submission(IDS001MPI=[person("P1"), person("P2", BOB), person("P3")])
    may = submission(IDS001MPI=[person("P1", ANN), person("P2", BOB)])
    other = submission(IDS001MPI=[person("P1", ANN), person("P3")])
    landed = [
        land(april),
        land(may, slot=Slot.from_name("ZZ1_2025-05_primary")),
        land(other, slot=Slot.from_name("ZZ2_2025-05_primary")),
    ]
    found = links(home, *(each.observations for each in landed))
    known = [column(each, "IDS001MPI", "NationalPersonId") for each in landed]
    people = [[found[str(person_id)] for person_id in month] for month in known]
    assert set(found) == {person_id for month in known for person_id in month}
    assert people[0][0] == people[1][0] == people[2][0]
    assert people[0][1] == people[1][1]
    assert people[0][2] != people[2][1]
    assert known[0][0] != known[1][0]
