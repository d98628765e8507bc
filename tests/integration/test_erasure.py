"""Erasure: one person goes from all that a home holds, and nobody else does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import submit_file
from erased import Filled, by_number, by_provider, numbers_sealed
from opted_out import (
    MPI,
    Planted,
    Sent,
    change,
    found,
    pseudonym_of,
    pseudonyms_of_rows,
    rows,
    token,
    tokens_in,
    values_in,
)

from parity.home import HomeError
from parity.home.errors import OptOutError
from parity.home.private_files import write_private
from parity.home.standing import check_standing
from parity.intake.inbox import quarantine
from parity.intake.seal import opened_copy
from parity.intake.sealed_copies import key_name, sealed_copies
from parity.specification import load
from parity.vault.erasure import copies as sealed
from parity.vault.erasure.erase import erase
from pseudonymisation.errors import EnvelopeRefused


def people_landed(filled: Filled) -> int:
    query = "select count(distinct person_id) from landed.receipts.person_link"
    ((count,),) = found(filled.home, filled.keyring, "landed", query)
    assert isinstance(count, int)
    return count


def check_gone(erased: Filled, landed: Filled, both: Sent) -> None:
    """Nothing of the one is left in landed store or vault."""
    theirs = pseudonyms_of_rows(landed.home, landed.keyring, both.one)
    assert not theirs & values_in(erased.home, erased.keyring, "landed")
    assert people_landed(erased) == people_landed(landed) - 1
    own = token(erased.keyring, both.one)
    for table in ("observation", "to_ask", "permitted"):
        assert own not in tokens_in(erased.home, erased.keyring, table)


def test_everything_of_somebody_goes_by_number(
    after: Filled, landed: Filled, both: Sent
) -> None:
    """The record without a number too."""
    check_gone(after, landed, both)


def test_everything_of_somebody_goes_by_local_identifier(
    filled: Filled, landed: Filled, both: Sent
) -> None:
    """The local identity leads to the number, and that to everything else."""
    assert filled.erased(by_provider(both.one))[1:] == (3, True)
    check_gone(filled, landed, both)


def test_the_rows_of_everybody_else_stay(
    after: Filled, landed: Filled, both: Sent
) -> None:
    """Table by table no row is new, and no more are missing than were counted."""
    missing = 0
    for table in load().tables:
        query = f"select * from landed.iapt_v2_1.{table.lower()}"
        before = Counter(found(landed.home, landed.keyring, "landed", query))
        left = Counter(found(after.home, after.keyring, "landed", query))
        assert not left - before
        missing += (before - left).total()
    assert missing == _rows(list(after.keyring.ledger().entries()))
    kept = pseudonyms_of_rows(landed.home, landed.keyring, both.other)
    assert kept <= values_in(after.home, after.keyring, "landed")


def test_a_dry_run_counts_and_changes_nothing(
    filled: Filled, landed: Filled, both: Sent
) -> None:
    entries = filled.keyring.ledger().verify().count
    counted = filled.erased(by_number(both.one), dry_run=True)
    assert filled.keyring.ledger().verify().count == entries
    before = values_in(landed.home, landed.keyring, "landed")
    assert values_in(filled.home, filled.keyring, "landed") == before
    assert counted == filled.erased(by_number(both.one))


@pytest.mark.attack(10)
def test_sealed_submissions_that_name_them_cannot_be_read_any_more(
    after: Filled, landed: Filled, both: Sent, tmp_path: Path
) -> None:
    """Copies kept aside too: the others of the month are under another key now."""
    assert both.one.number in numbers_sealed(landed)
    assert len(sealed_copies(after.home.landing_sealed)) == len(both.elsewhere())
    elsewhere = {r["NHSNumber"] for f in both.elsewhere() for r in rows(f, MPI)} - {""}
    assert numbers_sealed(after) == elsewhere
    for old in sealed_copies(landed.home.landing_sealed):
        key = after.keyring.key(key_name(old.parent.name))
        with pytest.raises(EnvelopeRefused), opened_copy(old, key, tmp_path):
            pass
        states = [
            record.state
            for record in after.keyring.records()
            if record.name == key_name(old.parent.name)
        ]
        assert states == ["destroyed", "active"]


@pytest.mark.attack(10, control=True)
@pytest.mark.usefixtures("after")
def test_with_the_former_key_the_copies_would_be_read(
    landed: Filled, tmp_path: Path
) -> None:
    """The control: what protects above is the end of the key, in one home's keyring."""
    old = sealed_copies(landed.home.landing_sealed)[0]
    key = landed.keyring.key(key_name(old.parent.name))
    with opened_copy(old, key, tmp_path) as folder:
        assert (folder / f"{MPI}.csv").exists()


@pytest.mark.parametrize("numberless", [False, True])
def test_they_do_not_land_again(
    gone: Filled, both: Sent, tmp_path: Path, numberless: bool
) -> None:
    later = Path(shutil.copytree(both.months(3)[0], tmp_path / both.months(3)[0].name))
    if numberless:
        change(later, MPI, both.one.local, lambda row: row | {"NHSNumber": ""})
    else:
        change(later, MPI, both.other.local, lambda row: row | {"Gender": "9"})
    receipt = submit_file(gone.home, gone.keyring, later)
    assert receipt.state == "accepted"
    assert receipt.rows_kept_out > 1
    assert pseudonym_of(gone.keyring, both.one) not in values_in(
        gone.home, gone.keyring, "landed"
    )


def test_somebody_erased_by_local_identifier_stays_out_with_a_number(
    filled: Filled, both: Sent, tmp_path: Path
) -> None:
    """Nobody knew their number; it comes later beside the same identifier."""
    month = both.months(1)[0]
    bare = [row for row in rows(month, MPI) if not row["NHSNumber"]]
    (person,) = [r for r in bare if r["LocalPatientId"] == both.one.local] or bare[:1]
    later = Path(shutil.copytree(both.months(3)[0], tmp_path / both.months(3)[0].name))
    stranger = Planted(
        both.one.provider, "never seen", "9990000018", person["PersonBirthDate"]
    )
    rows_gone, copies, known = filled.erased(by_provider(stranger), keep_out=True)
    assert (rows_gone, copies, known) == (0, 0, False)
    change(
        later,
        MPI,
        both.other.local,
        lambda row: (
            row
            | {
                "PersonBirthDate": person["PersonBirthDate"],
                "NHSNumber": "9990000018",
            }
        ),
    )
    for table in later.glob("*.csv"):
        text = table.read_text().replace(both.other.local, "never seen")
        table.write_text(text)
    receipt = submit_file(filled.home, filled.keyring, later)
    assert receipt.rows_kept_out > 1


def test_an_identifier_of_two_people_names_neither(
    filled: Filled, both: Sent, tmp_path: Path
) -> None:
    later = Path(shutil.copytree(both.months(3)[0], tmp_path / both.months(3)[0].name))
    change(later, MPI, both.other.local, lambda row: row | {"NHSNumber": "9990000018"})
    submit_file(filled.home, filled.keyring, later)
    with pytest.raises(HomeError, match="person_ambiguous"):
        filled.erased(by_provider(both.other))


def test_the_ledger_says_what_and_why_and_not_who(filled: Filled, both: Sent) -> None:
    """It comes first; warehouse and packages end with their keys."""
    write_private(filled.home.warehouse_file, b"what was built of them")
    before = filled.keyring.ledger().verify().count
    published = filled.home.published / "table.csv"
    published.write_text("England,5")
    filled.erased(by_number(both.one))
    entries = list(filled.keyring.ledger().entries())[before:]
    assert entries[0]["event"] == "erasure"
    assert entries[0]["facts"] == {
        "reason": "request",
        "rows": _rows(entries),
        "copies": 3,
    }
    text = json.dumps(entries)
    own = token(filled.keyring, both.one).hex()
    for word in (both.one.number, both.one.local, own):
        assert word not in text
    assert not filled.home.warehouse_file.exists()
    assert published.exists()
    with pytest.raises(OptOutError, match="built_before"):
        check_standing(filled.home, filled.keyring)


def _rows(entries: list[dict[str, object]]) -> int:
    """The rows that the rewriting took, as it counted them itself."""
    (done,) = [e["facts"] for e in entries if e["event"] == "rewriting_done"]
    assert isinstance(done, dict)
    return int(done["landed_gone"])


@pytest.mark.attack(34)
@pytest.mark.parametrize("step", ["seal_anew", "destroy_key"])
def test_an_erasure_that_was_cut_off_is_finished_by_asking_again(
    filled: Filled, both: Sent, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sealed, step, killed)
        with pytest.raises(KeyboardInterrupt):
            filled.erased(by_number(both.one))
    assert token(filled.keyring, both.one) in tokens_in(
        filled.home, filled.keyring, "kept_out"
    )
    filled.erased(by_number(both.one))
    assert both.one.number not in numbers_sealed(filled)
    for record in filled.keyring.records():
        if record.name.startswith("sealed:"):
            months = [r for r in filled.keyring.records() if r.name == record.name]
            assert [r.state for r in months].count("active") == 1
            assert {r.state for r in months} <= {"active", "destroyed"}
    theirs = pseudonym_of(filled.keyring, both.one)
    assert theirs not in values_in(filled.home, filled.keyring, "landed")


def test_the_quarantine_is_looked_through(filled: Filled, both: Sent) -> None:
    """What nobody can read is counted, and stays until its month ends."""
    inbox = filled.home.landing_inbox
    (inbox / "letter.txt").write_text("a letter")
    shutil.copytree(both.months(1)[0], inbox / "another name")
    for path in list(inbox.iterdir()):
        quarantine(filled.home, filled.keyring, path, "another kind of name")
    done = erase(
        filled.home, filled.keyring, by_provider(both.one).encode(), "order", False
    )
    assert (done.copies, done.unread) == (4, 1)
    month = f"{datetime.now(UTC):%Y-%m}"
    left = list((filled.home.landing_quarantine / month).glob("*"))
    assert sorted(path.suffix for path in left) == [".sealed", ".txt"]


def test_a_rotation_of_the_root_still_keeps_them_out(
    gone: Filled, both: Sent, tmp_path: Path
) -> None:
    """Their tokens have sealed messages, so a new linkage key knows them too."""
    from parity.rotation.root import rotate_root
    from parity.vault.custodians import made_up_custodians

    one, other, _ = made_up_custodians(gone.home)
    rotate_root(gone.home, gone.keyring, one, other)
    later = Path(shutil.copytree(both.months(3)[0], tmp_path / both.months(3)[0].name))
    change(later, MPI, both.other.local, lambda row: row | {"Gender": "9"})
    receipt = submit_file(gone.home, gone.keyring, later)
    assert receipt.rows_kept_out > 1
