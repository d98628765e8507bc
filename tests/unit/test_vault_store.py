"""The crosswalk: who joins whom, whatever the order, and nobody by accident."""

from __future__ import annotations

import itertools
import stat
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from vault_support import ANN, BOB, KEYS, column, land, person, submission

from parity.home import Home, HomeError, init
from parity.intake.slot import Slot
from parity.vault.errors import VaultError
from parity.vault.evidence import EVIDENCE
from parity.vault.identifiers import IDENTIFIERS
from parity.vault.store import Vault
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keyed_hash import pseudonym, uuid_text
from pseudonymisation.keys import generate_key
from pseudonymisation.sealed_box import batch_key, new_key_pair
from pseudonymisation.sealed_identifier import unseal_identifiers

KEY = generate_key()
OPENING_PRIVATE, OPENING = new_key_pair()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return init(tmp_path / "home", synthetic=True)


def token_of(word: str) -> bytes:
    return word.encode().ljust(32, b".")


def person_of(word: str) -> str:
    return uuid_text(pseudonym(KEYS.of_domain("person"), "person", token_of(word)))


@dataclass(frozen=True)
class Seen:
    """A record as the vault sees it: words in place of tokens.

    local: local identifier and birth date; the patient is its first two letters.
    born: the birth date beside the number. living: birth date, postcode and gender.
    """

    provider: str = "A"
    number: str | None = None
    local: str | None = None
    former: str | None = None
    living: str | None = None
    born: str = "1980"
    is_verified: bool = True
    cohort: str | None = None


def observations(*records: Seen) -> pl.DataFrame:
    rows = [
        (
            row,
            each.is_verified,
            *(
                token_of(word) if word else None
                for word in (
                    each.number,
                    each.number and f"{each.number} {each.born}",
                    each.local and f"{each.provider} {each.local[:2]}",
                    each.local,
                    each.former,
                    each.living,
                    each.cohort or each.living,
                )
            ),
        )
        for row, each in enumerate(records, start=1)
    ]
    return pl.DataFrame(rows, schema=EVIDENCE, orient="row")


def identifiers(*records: Seen) -> pl.DataFrame:
    known = {each.number or each.local for each in records} - {None}
    rows = [
        ("person", "", word.encode(), token_of(word)) for word in sorted(known) if word
    ]
    return pl.DataFrame(rows, schema=IDENTIFIERS, orient="row")


def record(vault: Vault, slot: str, *records: Seen) -> None:
    """Record a submission of one provider."""
    [provider] = {each.provider for each in records}
    vault.record(slot, provider, observations(*records), identifiers(*records), OPENING)


def joined(home: Home, *months: list[Seen]) -> dict[str, str]:
    """Who each is, in words, after these submissions."""
    return {known: person for known, person, _ in stepped(home, *months)}


def stepped(home: Home, *months: list[Seen]) -> list[tuple[str, str, str]]:
    """The same with the step that joined."""
    words = {}
    with Vault.open(home, KEY) as vault:
        for number, month in enumerate(months):
            record(vault, f"month {number}", *month)
            for each in month:
                for word in (each.number, each.local, each.former):
                    if word:
                        words[person_of(word)] = word
        links = vault.person_links(KEYS)
    return sorted((words[a], words[b], step) for a, b, step in links.iter_rows())


ANN_NUMBERED = Seen(number="ann", local="P1")
ANN_BARE = Seen(local="P1")


def test_local_identifier_joins_its_one_number(home: Home) -> None:
    """Months without the number belong to the person with it."""
    assert stepped(home, [ANN_BARE], [ANN_NUMBERED]) == [
        ("P1", "ann", "local_identifier_and_birth_date"),
        ("ann", "ann", "nhs_number"),
    ]


def test_number_joins_providers(home: Home) -> None:
    """One number under two local identifiers: one person, months without it too."""
    there = [Seen("B", number="ann", local="Q9"), Seen("B", local="Q9")]
    assert set(joined(home, [ANN_NUMBERED], there).values()) == {"ann"}


@pytest.mark.attack(16)
def test_two_numbers_join_nothing(home: Home) -> None:
    """A local identifier used for two people leaves three persons, not one."""
    months = [[ANN_NUMBERED], [Seen(number="bob", local="P1")], [ANN_BARE]]
    assert joined(home, *months) == {"ann": "ann", "bob": "bob", "P1": "P1"}


def test_corrected_submission_takes_back_what_it_said(home: Home) -> None:
    """A wrong number sent once parts; sent again right, it joins."""
    with Vault.open(home, KEY) as vault:
        record(vault, "april", ANN_BARE)
        record(vault, "may", ANN_NUMBERED)
        record(vault, "june", Seen(number="bob", local="P1"))
        parted = dict(vault.person_links(KEYS).drop("linkage_step").iter_rows())
        record(vault, "june", ANN_NUMBERED)
        mended = dict(vault.person_links(KEYS).drop("linkage_step").iter_rows())
    assert parted[person_of("P1")] == person_of("P1")
    assert mended[person_of("P1")] == person_of("ann")


def test_only_local_identifier(home: Home) -> None:
    """A person without any number is named by the local identifier."""
    assert stepped(home, [ANN_BARE]) == [("P1", "P1", "alone")]


def test_only_number(home: Home) -> None:
    """A person without local identifier is named by the number."""
    assert stepped(home, [Seen(number="ann")]) == [("ann", "ann", "nhs_number")]


def test_local_identifier_with_number_only_is_no_person(home: Home) -> None:
    """Nobody was ever known under it alone: it has no row."""
    assert "P1" not in joined(home, [ANN_NUMBERED])


NUMBERED_HERE = Seen("A", number="ann", local="P1", living="d")


def test_birth_date_postcode_and_gender_join_across_providers(home: Home) -> None:
    """A record without number elsewhere is the one numbered person that they fit."""
    elsewhere = [Seen("B", local="Q1", living="d")]
    assert stepped(home, [NUMBERED_HERE], elsewhere) == [
        ("Q1", "ann", "birth_date_postcode_gender"),
        ("ann", "ann", "nhs_number"),
    ]


def test_two_without_number_do_not_join_across_providers(home: Home) -> None:
    """Birth date, postcode and gender find a person with a number and make none up."""
    months = [
        [Seen("A", local="P1", living="d")],
        [Seen("B", local="Q1", living="d")],
    ]
    assert joined(home, *months) == {"P1": "P1", "Q1": "Q1"}


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([Seen("A", local="P2", living="d")], id="twin, same provider"),
        pytest.param(
            [Seen("B", number="eve", local="Q2", living="d")], id="two numbers"
        ),
        pytest.param([Seen("B", local="Q2", living="d")], id="twins elsewhere"),
        pytest.param([Seen("B", local="Q1", living="e")], id="also lived elsewhere"),
    ],
)
def test_what_could_be_two_people_is_not_joined(home: Home, others: list[Seen]) -> None:
    """The guard: twins, two numbers, or evidence that leads two ways."""
    if others == [Seen("B", local="Q1", living="e")]:
        others = [*others, Seen("B", local="Q3", living="e")]
    bare = [Seen("B", local="Q1", living="d")]
    found = joined(home, [NUMBERED_HERE], bare, others)
    assert found["Q1"] == "Q1"
    assert found["ann"] == "ann"


def test_successor_goes_on_with_the_local_identifiers(home: Home) -> None:
    """A person whom another provider took over keeps the number known there."""
    taken_over = [Seen("B", local="B-P1", former="P1")]
    assert joined(home, [ANN_NUMBERED], taken_over) == {"ann": "ann", "B-P1": "ann"}


def test_former_identifier_that_nobody_sent_joins_nothing(home: Home) -> None:
    """A new patient of the successor is nobody of the predecessor's."""
    assert joined(home, [ANN_NUMBERED], [Seen("B", local="B-P2", former="P2")]) == {
        "ann": "ann",
        "B-P2": "B-P2",
    }


@pytest.mark.attack(33)
def test_any_order_gives_the_same_people(tmp_path: Path) -> None:
    """Twenty-four orders of four months: the same links."""
    months = [
        [ANN_BARE, Seen(number="bob", local="P2")],
        [ANN_NUMBERED, Seen(local="P2")],
        [Seen(number="cid", local="P2"), Seen(local="P9", living="d")],
        [Seen("B", local="Q1", former="P1"), Seen("B", local="Q9", living="d")],
    ]
    found = []
    home = init(tmp_path / "home", synthetic=True)
    for order in itertools.permutations(months):
        home.vault_file.unlink(missing_ok=True)
        found.append(stepped(home, *order))
    assert all(each == found[0] for each in found)
    assert len(found[0]) == 8


@pytest.mark.attack(33)
def test_recording_again_changes_nothing(home: Home) -> None:
    """A replayed submission, nulls included, adds no row and seals nothing anew."""
    month = [ANN_BARE, ANN_NUMBERED, Seen(number="bob")]
    counts = set()
    with Vault.open(home, KEY) as vault:
        for _ in range(3):
            record(vault, "april", *month)
            counts.add(
                vault.connection.execute(
                    """
                    select
                        (select count(*) from vault.observation),
                        (select count(*) from vault.identifier),
                        (select count(*) from vault.batch)
                    """
                ).fetchone()
            )
    assert counts == {(3, 3, 1)}


@pytest.mark.parametrize(
    ("order", "domains"),
    [
        pytest.param(("evidence", "person"), ["evidence", "person"], id="known later"),
        pytest.param(("person", "evidence"), ["person"], id="known before"),
    ],
)
def test_evidence_hides_nobody_who_is_named_by_it_later(
    home: Home, order: tuple[str, str], domains: list[str]
) -> None:
    """One token first as evidence and then as a person, and the other way round."""
    with Vault.open(home, KEY) as vault:
        for month, domain in enumerate(order):
            told = identifiers(ANN_BARE).with_columns(domain=pl.lit(domain))
            vault.record(str(month), "A", observations(ANN_BARE), told, OPENING)
        found = vault.connection.execute(
            "select domain from vault.identifier order by domain"
        ).fetchall()
        known = vault.person_links(KEYS).height
    assert [domain for (domain,) in found] == domains
    assert known == 1


def test_what_is_kept_of_an_identifier_opens_with_the_opening_key_only(
    home: Home,
) -> None:
    """The home can seal and not open; each sealed message belongs to its token."""
    with Vault.open(home, KEY) as vault:
        record(vault, "april", ANN_NUMBERED, Seen(number="bob"))
        rows = vault.connection.execute(
            "select token, sealed, public from vault.identifier join vault.batch "
            "using (batch) order by token"
        ).fetchall()
    tokens, sealed = (pl.Series([row[i] for row in rows]) for i in (0, 1))
    key = batch_key(OPENING_PRIVATE, rows[0][2])
    assert unseal_identifiers(key, sealed, tokens).to_list() == [b"ann", b"bob"]
    with pytest.raises(EnvelopeRefused):
        unseal_identifiers(key, sealed, tokens.reverse())
    with pytest.raises(EnvelopeRefused):
        unseal_identifiers(batch_key(generate_key(), rows[0][2]), sealed, tokens)


def test_kept_between_openings(home: Home) -> None:
    """In its encrypted, private file; another key does not open it."""
    joined(home, [ANN_NUMBERED])
    assert stat.S_IMODE(home.vault_file.stat().st_mode) == 0o600
    assert token_of("ann") not in home.vault_file.read_bytes()
    with Vault.open(home, KEY) as vault:
        assert vault.person_links(KEYS).height == 1
    with pytest.raises(HomeError, match="not_opened"), Vault.open(home, generate_key()):
        pass


def test_empty_vault(home: Home) -> None:
    """No people, but the columns."""
    with Vault.open(home, KEY) as vault:
        found = vault.person_links(KEYS)
    columns = ("national_person_id", "person_id", "linkage_step")
    assert found.schema == dict.fromkeys(columns, pl.String)
    assert found.height == 0


@pytest.mark.attack(20)
def test_colliding_pseudonyms_stop(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people with one pseudonym are an error, never one person."""
    monkeypatch.setattr(
        "parity.vault.store._warehouse_person",
        lambda _, name: pl.col(name).is_null().cast(pl.String),
    )
    with pytest.raises(VaultError, match="pseudonym_collision"):
        joined(home, [ANN_NUMBERED, Seen(number="bob")])


def test_links_cover_every_landed_person(home: Home) -> None:
    """Each NationalPersonId of two providers' submissions has exactly one link."""
    born = {"PersonBirthDate": "1980-01-01"}
    sent = {
        "ZZ1_2025-04_primary": [
            person("P1", **born),
            person("P2", BOB, **born),
            person("P3", **born),
            person("P4"),
        ],
        "ZZ1_2025-05_primary": [person("P1", ANN, **born), person("P2", BOB, **born)],
        "ZZ2_2025-05_primary": [person("P1", ANN, **born), person("P3", **born)],
    }
    known = []
    with Vault.open(home, KEY) as vault:
        for name, people in sent.items():
            slot = Slot.from_name(name)
            landed = land(submission(IDS001MPI=people), slot=slot)
            vault.record(
                name,
                slot.provider_code,
                landed.observations,
                landed.identifiers,
                OPENING,
            )
            known.append(column(landed, "IDS001MPI", "NationalPersonId"))
        links = vault.person_links(KEYS).drop("linkage_step")
    found = dict(links.iter_rows())
    people_found = [[found[str(person_id)] for person_id in month] for month in known]
    assert set(found) == {person_id for month in known for person_id in month}
    assert people_found[0][0] == people_found[1][0] == people_found[2][0]
    assert people_found[0][1] == people_found[1][1]
    assert people_found[0][2] != people_found[2][1]
    assert known[0][0] != known[1][0]
