"""Whoever is not returned goes with all records, and comes in no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import submit_file
from opted_out import (
    MPI,
    Asked,
    Sent,
    change,
    found,
    pseudonyms_of_rows,
    rows,
    token,
    tokens_in,
    values_in,
)

from parity.home import HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.rewriting import RewritingError
from parity.vault.opt_out import request
from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer
from parity.warehouse.build import build


def test_records_without_a_number_that_are_theirs_go_too(
    opted_out: Asked, made: Asked, sent: Sent
) -> None:
    """All that the crosswalk joins to them; of everybody else every row stays."""
    theirs = pseudonyms_of_rows(made.home, made.keyring, sent.one)
    assert len(theirs) >= 5
    before = values_in(made.home, made.keyring, "landed")
    after = values_in(opted_out.home, opted_out.keyring, "landed")
    assert theirs <= before
    assert not theirs & after
    assert pseudonyms_of_rows(opted_out.home, opted_out.keyring, sent.other)
    query = "select count(*) from landed.iapt_v2_1.ids001mpi"
    ((had,),) = found(made.home, made.keyring, "landed", query)
    ((has,),) = found(opted_out.home, opted_out.keyring, "landed", query)
    assert isinstance(had, int)
    assert has == had - 2


def test_the_vault_forgets_their_evidence_and_pathways(
    opted_out: Asked, made: Asked, sent: Sent
) -> None:
    own = token(made.keyring, sent.one)
    assert own in tokens_in(made.home, made.keyring, "observation")
    assert own not in tokens_in(opted_out.home, opted_out.keyring, "observation")
    query = "select count(*) from vault.identifier where domain != 'evidence'"
    ((had,),) = found(made.home, made.keyring, "vault", query)
    ((has,),) = found(opted_out.home, opted_out.keyring, "vault", query)
    assert isinstance(had, int)
    assert isinstance(has, int)
    theirs = pseudonyms_of_rows(made.home, made.keyring, sent.one)
    assert had - has >= len(theirs)


def test_every_pseudonym_and_token_that_is_left_can_be_made_anew(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """The vault stands for all that has landed and all that is kept out or asked."""
    from parity.rotation.root import rotate_root
    from parity.vault.custodians import made_up_custodians

    one, other, _ = made_up_custodians(opted_out.home)
    rotate_root(opted_out.home, opted_out.keyring, one, other)
    again = request.make_request(opted_out.home, opted_out.keyring, tmp_path / "again")
    assert again.data.read_text() == opted_out.request.data.read_text()
    assert hold_gate(opted_out.home, opted_out.keyring).gone == 0
    receipt = submit_file(opted_out.home, opted_out.keyring, sent.months(3)[0])
    assert receipt.rows_kept_out > 1


@pytest.mark.parametrize("numberless", [False, True])
def test_they_are_kept_out_of_later_submissions(
    opted_out: Asked, sent: Sent, tmp_path: Path, numberless: bool
) -> None:
    """By number, and without one by what they were known by; counted, not named."""
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    if numberless:
        change(later, MPI, sent.one.local, lambda row: row | {"NHSNumber": ""})
    receipt = submit_file(opted_out.home, opted_out.keyring, later)
    assert receipt.state == "accepted"
    assert receipt.rows_kept_out > 1
    query = "select count(*) from landed.iapt_v2_1.ids001mpi"
    ((has,),) = found(opted_out.home, opted_out.keyring, "landed", query)
    everybody = sum(len(rows(month, MPI)) for month in sent.months(1, 2, 3))
    assert has == everybody - 3
    text = receipt.answer.read_text() if receipt.answer else ""
    assert "kept out" not in text


def test_who_shares_a_local_identifier_under_another_number_lands(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """A number of one's own counts more than an identifier that was used twice."""
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    change(later, MPI, sent.one.local, lambda row: row | {"NHSNumber": "9990000018"})
    receipt = submit_file(opted_out.home, opted_out.keyring, later)
    assert receipt.rows_kept_out == 0


def test_somebody_who_is_returned_again_lands_again(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """They are asked about for as long as they are kept out."""
    made = request.make_request(opted_out.home, opted_out.keyring, tmp_path / "again")
    assert sent.one.number in made.data.read_text()
    again = Asked(opted_out.home, made, opted_out.keyring)
    load_answer(again.home, again.keyring, again.answered(tmp_path / "in2"))
    assert tokens_in(again.home, again.keyring, "kept_out") == set()
    receipt = submit_file(again.home, again.keyring, sent.months(3)[0])
    assert receipt.rows_kept_out == 0


def test_who_stays_away_stays_kept_out(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """The next answer without them keeps what they are known by."""
    before = tokens_in(opted_out.home, opted_out.keyring, "kept_out")
    made = request.make_request(opted_out.home, opted_out.keyring, tmp_path / "again")
    again = Asked(opted_out.home, made, opted_out.keyring)
    load_answer(
        again.home, again.keyring, again.answered(tmp_path / "in2", {sent.one.number})
    )
    assert tokens_in(again.home, again.keyring, "kept_out") == before
    assert hold_gate(again.home, again.keyring).gone == 0


@pytest.mark.attack(10)
def test_the_former_landed_store_cannot_be_read(
    opted_out: Asked, made: Asked, tmp_path: Path
) -> None:
    """A copy of the file from before opens under no key that is left."""
    aside = Path(shutil.copy(made.home.landed_file, tmp_path / "landed.duckdb"))
    records = [r for r in opted_out.keyring.records() if r.name == "landed"]
    assert [record.state for record in records] == ["destroyed", "active"]
    connection = connect(opted_out.home.spill)
    with pytest.raises(HomeError, match="not_opened"):
        attach_encrypted(
            connection, aside, "old", opted_out.keyring.key("landed"), read_only=True
        )
    attach_encrypted(connection, aside, "old", made.keyring.key("landed"))
    connection.close()


@pytest.mark.attack(34)
def test_a_removal_that_fails_changes_nothing_and_stops_the_build(
    asked: Asked, sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parity.vault.removal.landed_rows import WithoutPeople

    load_answer(
        asked.home, asked.keyring, asked.answered(tmp_path / "in", {sent.one.number})
    )
    before = values_in(asked.home, asked.keyring, "landed")
    with monkeypatch.context() as patched:
        patched.setattr(WithoutPeople, "_left", lambda *_: 1)
        with pytest.raises(RewritingError, match="people_left"):
            build(asked.home, asked.keyring)
    assert values_in(asked.home, asked.keyring, "landed") == before
    assert hold_gate(asked.home, asked.keyring).gone == 1
