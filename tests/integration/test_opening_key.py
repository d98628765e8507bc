"""A replaced custodian is revoked: what they kept opens nothing, whoever joins them.

A new opening key comes with every replacement, and by hand. The home dies at each step
of that; then it is wholly as before or wholly new, and nothing is lost either way.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import open_keyring
from reidentification_scene import (
    Scene,
    answer_of,
    copy_of,
    own_key,
    refused,
    shared_scene,
)

from parity.cli.main import main
from parity.home import HomeError, init
from parity.home.encrypted_database import attach_encrypted, connect
from parity.rewriting import RewritingError, document, ending, engine, resume_rewriting
from parity.rewriting.journal import journal_file
from parity.rotation import resealing
from parity.rotation.opening_key import instate, rotate_opening_key
from parity.rotation.root import rotate_root
from parity.vault.custodian_key import CustodianKey
from parity.vault.custodians import (
    Custodians,
    appointed,
    custodians_file,
    cut,
    opening_key,
    two_made_up,
)
from parity.vault.custodians_file import REPLACED, _drafted
from parity.vault.errors import VaultError
from parity.vault.reidentification.approval import Approval, approve
from parity.vault.reidentification.asking import Terms, ask_replacement
from parity.vault.reidentification.records import check_agreement
from parity.vault.reidentification.request import Request
from parity.vault.store import Vault
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.sealed_box import batch_key, new_key_pair
from pseudonymisation.sealed_identifier import unseal_identifiers

_SEALED = """
    select batch.public, list(identifier.sealed), list(identifier.token)
    from vault.identifier inner join vault.batch using (batch)
    group by all
"""


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Scene:
    return copy_of(shared_scene(tmp_path_factory), tmp_path)


@pytest.fixture
def new(tmp_path: Path) -> CustodianKey:
    return own_key(tmp_path, "custodian-four")


def replacement(scene: Scene, new: CustodianKey) -> tuple[Request, list[Approval]]:
    """The first custodian leaves, as the other two approve."""
    leaving = scene.custodians[0].card.name
    terms = Terms("left", "ours", 1)
    request = ask_replacement(scene.home, scene.keyring, leaving, new.card, terms)
    return request, scene.approved(request, 1, 2)


def replaced(scene: Scene, new: CustodianKey) -> Custodians:
    return instate(scene.home, scene.keyring, *replacement(scene, new))


def openable(scene: Scene, private: bytes) -> tuple[int, int]:
    """How many batches of the vault a key opens, and how many there are."""
    opened = 0
    with Vault.open(scene.home, scene.keyring.key("vault")) as vault:
        batches = vault.connection.execute(_SEALED).fetchall()
    for public, sealed, tokens in batches:
        columns = pl.Series(sealed), pl.Series(tokens)
        try:
            unseal_identifiers(batch_key(private, bytes(public)), *columns)
            opened += 1
        except EnvelopeRefused:
            pass
    return opened, len(batches)


def names_somebody(scene: Scene, *who: CustodianKey) -> bool:
    """Whether two custodians name the person whom they are asked for."""
    request, (one, other) = scene.asked(), who
    approvals = [
        approve(request, one, other.card.name),
        approve(request, other, one.card.name),
    ]
    answer = scene.read(scene.opened(request, approvals), scene.home.root.parent)
    return bool(answer["identifiers"] == answer_of(scene.people[0]))


@pytest.mark.attack(10)
def test_halves_that_former_custodians_kept_open_nothing(
    copy: Scene, new: CustodianKey, tmp_path: Path
) -> None:
    """Two of them put theirs together: they have the former key, and it is of no use.
    Nor is the vault's file of then with any key that the home still has."""
    kept, before = appointed(copy.home, copy.keyring), copy.keyring.key("vault")
    private = opening_key(kept, copy.custodians[0], copy.custodians[1])
    assert openable(copy, private) == (2, 2)  # control
    shutil.copy(copy.home.vault_file, tmp_path / "vault.duckdb")
    now = replaced(copy, new)
    opened, batches = openable(copy, private)
    assert (opened, batches > 0) == (0, True)
    assert set(now.halves.values()).isdisjoint(kept.halves.values())
    assert openable(copy, opening_key(now, new, copy.custodians[1]))[0] == batches
    assert copy.keyring.record("vault", 1).state == "destroyed"
    with connect(copy.home.spill) as connection:
        aside = tmp_path / "vault.duckdb", "aside"
        with pytest.raises(HomeError, match="does not open"):
            attach_encrypted(connection, *aside, copy.keyring.key("vault"))
        attach_encrypted(connection, *aside, before)  # control


def test_a_replaced_custodian_opens_nothing(copy: Scene, new: CustodianKey) -> None:
    """Who comes can; who left cannot, with what was asked before or after."""
    before = copy.asked()
    old_approvals = copy.approved(before, 0, 1)
    stayed = copy.approved(before, 1, 2)
    leaving = copy.custodians[0]
    request, approvals = replacement(copy, new)
    with refused("request_altered"):  # it asks for no person
        copy.opened(request, approvals)
    with refused("two_approvals"):
        instate(copy.home, copy.keyring, request, approvals[:1])
    former = custodians_file(copy.home).read_bytes()
    instate(copy.home, copy.keyring, request, approvals)

    for given in (old_approvals, stayed):
        with refused("other_custodians"):
            copy.opened(before, given)
    after = copy.asked()
    with refused("not_a_custodian"):
        approve(after, leaving, new.card.name)
    bare = Approval(
        after.request_id, leaving.card.name, leaving.card.signing_public, {}
    )
    forged = replace(bare, signature=leaving.sign(bare.signed_bytes(after)).hex())
    with refused("not_a_custodian"):
        copy.opened(after, [forged, *copy.approved(after, 1)])
    assert names_somebody(copy, new, copy.custodians[1])

    custodians_file(copy.home).write_bytes(former)
    with refused("custodians_lost"):
        appointed(copy.home, copy.keyring)


def test_a_custodian_comes_back_with_new_keys_under_the_same_name(
    copy: Scene, tmp_path: Path
) -> None:
    """What is done when a custodian's own file got out."""
    again = own_key(tmp_path, copy.custodians[0].card.name)
    replaced(copy, again)
    assert names_somebody(copy, again, copy.custodians[2])
    with refused("not_a_custodian"):
        approve(copy.asked(), copy.custodians[0], copy.custodians[1].card.name)


class Died(BaseException):
    """The process ended here."""


def dies(patch: pytest.MonkeyPatch, module: Any, name: str, when: str) -> None:
    """Have a step end the process; nothing is tidied up on the way out."""
    step = getattr(module, name)

    def dying(*arguments: Any, **named: Any) -> None:
        if when == "after":
            step(*arguments, **named)
        raise Died

    patch.setattr(module, name, dying)
    patch.setattr(engine, "roll_back", lambda *_: None)


TAKEN_BACK = [
    (engine, "prepare_keys", "before"),
    (engine, "write_fresh", "after"),
    (engine, "verify_fresh", "after"),
]
SEEN_THROUGH = [
    (engine, "roll_forward", "before"),
    (document, "put_in_place", "before"),
    (ending, "switch_document", "after"),
    (ending, "switch_files", "after"),
    (ending, "activate_keys", "after"),
    (ending, "destroy_former", "after"),
    (ending, "remove_journal", "before"),
]


@pytest.fixture
def dead(
    copy: Scene, new: CustodianKey, request: pytest.FixtureRequest
) -> Iterator[Custodians]:
    """The custodians before; a replacement died at the step of the parameter."""
    before = appointed(copy.home, copy.keyring)
    asked = replacement(copy, new)
    with pytest.MonkeyPatch.context() as patch:
        dies(patch, *request.param)
        with pytest.raises(Died):
            instate(copy.home, copy.keyring, *asked)
    assert journal_file(copy.home).exists()
    yield before
    assert not journal_file(copy.home).exists()
    assert not document.draft_file(copy.home, "custodians").exists()
    agreement = check_agreement(copy.home, copy.keyring)
    assert (agreement.without_entry, agreement.not_revoked) == ((), ())


@pytest.mark.attack(24, 34)
@pytest.mark.parametrize("dead", TAKEN_BACK, indirect=True)
def test_a_replacement_that_dies_before_the_switch_never_was(
    copy: Scene, new: CustodianKey, dead: Custodians
) -> None:
    """Whoever asks next finds the former custodians, and the key that opens."""
    assert names_somebody(copy, copy.custodians[0], copy.custodians[1])
    assert appointed(copy.home, copy.keyring) == dead
    assert copy.entries("custodian_replaced") == []
    assert copy.keyring.version("vault") == 1
    replaced(copy, new)
    assert names_somebody(copy, new, copy.custodians[1])


@pytest.mark.attack(24, 34)
@pytest.mark.parametrize("dead", SEEN_THROUGH, indirect=True)
def test_a_replacement_that_dies_from_the_switch_on_is_seen_through(
    copy: Scene, new: CustodianKey, dead: Custodians
) -> None:
    """Entered once, and the two that are in force now name somebody."""
    assert names_somebody(copy, new, copy.custodians[1])
    assert appointed(copy.home, copy.keyring).opening_public != dead.opening_public
    assert len(copy.entries("custodian_replaced")) == 1
    assert copy.keyring.record("vault", 1).state == "destroyed"
    with refused("not_a_custodian"):
        approve(copy.asked(), copy.custodians[0], new.card.name)


@pytest.mark.attack(24)
def test_a_draft_that_somebody_took_away_destroys_nothing(
    copy: Scene, new: CustodianKey, tmp_path: Path
) -> None:
    """It holds the halves of the only key that opens the new file."""
    asked = replacement(copy, new)
    with pytest.MonkeyPatch.context() as patch:
        dies(patch, engine, "roll_forward", "before")
        with pytest.raises(Died):
            instate(copy.home, copy.keyring, *asked)
    draft = document.draft_file(copy.home, "custodians")
    draft.rename(tmp_path / "draft")
    with pytest.raises(RewritingError) as error:
        resume_rewriting(copy.home, copy.keyring)
    assert error.value.code == "rewriting_damaged"
    assert copy.keyring.version("vault") == 1
    (tmp_path / "draft").rename(draft)
    assert resume_rewriting(copy.home, copy.keyring)
    assert names_somebody(copy, new, copy.custodians[1])


@pytest.mark.attack(24)
def test_an_identifier_that_does_not_open_again_stops_it(
    copy: Scene, new: CustodianKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is opened with the new key before the former goes."""
    asked = replacement(copy, new)
    keep = resealing.keep_sealed
    other = resealing.OpeningKey(*new_key_pair())
    with monkeypatch.context() as patch:
        patch.setattr(resealing, "keep_sealed", lambda c, rows, _: keep(c, rows, other))
        with pytest.raises(EnvelopeRefused):
            instate(copy.home, copy.keyring, *asked)
    assert names_somebody(copy, copy.custodians[0], copy.custodians[1])
    assert not journal_file(copy.home).exists()


def test_the_key_is_renewed_by_hand_for_the_same_custodians(copy: Scene) -> None:
    """When somebody may have seen it. One custodian does not do it."""
    kept = appointed(copy.home, copy.keyring)
    one, other = copy.custodians[:2]
    private = opening_key(kept, one, other)
    with refused("one_custodian"):
        rotate_opening_key(copy.home, copy.keyring, one, one)
    assert appointed(copy.home, copy.keyring) == kept
    before = copy.keyring.ledger().verify().count
    assert main(["keys", "rotate", "opening", "--home", str(copy.home.root)]) == 0
    now = appointed(copy.home, copy.keyring)
    assert now.cards == kept.cards
    assert now.opening_public != kept.opening_public
    assert openable(copy, private)[0] == 0
    assert names_somebody(copy, one, other)
    told = [str(entry["event"]) for entry in copy.keyring.ledger().entries()][before:]
    assert told.index("opening_key_used") < told.index("opening_key_renewed")


def test_who_was_replaced_by_an_earlier_parity_is_told_until_the_key_is_new(
    copy: Scene, new: CustodianKey, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = appointed(copy.home, copy.keyring)
    private = opening_key(kept, *copy.custodians[:2])
    cards = [new.card, *kept.cards[1:]]
    same_key = cut(copy.keyring, cards, private, kept.opening_public)
    named = {"former": kept.cards[0].name, "new": new.card.name}
    then = _drafted(copy.home, copy.keyring, same_key, REPLACED, **named)
    document.put_in_force(copy.home, copy.keyring, then)
    home = ["--home", str(copy.home.root)]
    assert main(["reidentify", "verify", *home]) == 1
    assert f"{kept.cards[0].name}: replaced" in capsys.readouterr().err
    assert main(["keys", "rotate", "opening", *home]) == 0
    assert main(["reidentify", "verify", *home]) == 0
    assert check_agreement(copy.home, copy.keyring).not_revoked == ()


@pytest.mark.parametrize("what", ["root", "opening"])
def test_keys_are_rotated_before_anything_came_in(tmp_path: Path, what: str) -> None:
    home = init(tmp_path / "home", synthetic=True)
    assert main(["keys", "rotate", what, "--home", str(home.root)]) == 0
    appointed(home, open_keyring(home))


def test_a_synthetic_home_uses_those_of_its_custodians_who_are_left(
    copy: Scene, new: CustodianKey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the root too; others must be given by hand."""
    replaced(copy, new)
    rotate = ["keys", "rotate", "root", "--home", str(copy.home.root)]
    assert main(rotate) == 0
    assert copy.keyring.version("root") == 2
    assert names_somebody(copy, new, copy.custodians[2])
    last = own_key(tmp_path, "custodian-five")
    terms = Terms("left", "ours", 1)
    card = copy.custodians[1].card
    request = ask_replacement(copy.home, copy.keyring, card.name, last.card, terms)
    approvals = [
        approve(request, new, copy.custodians[2].card.name),
        approve(request, copy.custodians[2], new.card.name),
    ]
    instate(copy.home, copy.keyring, request, approvals)
    with pytest.raises(VaultError) as error:
        two_made_up(copy.home, copy.keyring)
    assert error.value.code == "made_up_replaced"
    capsys.readouterr()
    assert main(rotate) == 2
    assert "made_up_replaced" in capsys.readouterr().err
    rotate_opening_key(copy.home, copy.keyring, new, last)


def test_a_rotation_of_the_root_changes_nothing_for_custodians(
    copy: Scene, tmp_path: Path
) -> None:
    """What was asked before is void; the vault's count of openings stays."""
    before = copy.asked()
    copy.opened(before, copy.approved(before, 0, 1))
    waiting = copy.asked()
    rotate_root(copy.home, copy.keyring, copy.custodians[0], copy.custodians[2])
    with refused("other_epoch"):
        copy.opened(waiting, copy.approved(waiting, 0, 1))
    after = copy.asked()
    assert after.subject != before.subject
    answer = copy.opened(after, copy.approved(after, 1, 2))
    assert copy.read(answer, tmp_path)["identifiers"] == answer_of(copy.people[0])
    agreement = check_agreement(copy.home, copy.keyring)
    assert agreement.entries == agreement.openings == 2
