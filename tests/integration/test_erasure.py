"""Erasure: one person goes from all that a home holds, and nobody else does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import made_home, open_keyring, submit_file
from opted_out import (
    MPI,
    Planted,
    Sent,
    change,
    found,
    pseudonym_of,
    pseudonyms_of_rows,
    rows,
    synthetic_sent,
    token,
    tokens_in,
    values_in,
)

from parity.cli.main import main
from parity.home import Home, HomeError
from parity.home.errors import OptOutError
from parity.home.private_files import write_private
from parity.home.standing import check_standing
from parity.home.unlock import Keyring
from parity.intake.inbox import quarantine
from parity.intake.seal import opened_copy
from parity.intake.sealed_copies import key_name, read_copy, sealed_copies
from parity.specification import load
from parity.vault.erasure import copies as sealed
from parity.vault.erasure.erase import erase
from pseudonymisation.errors import EnvelopeRefused


@dataclass(frozen=True)
class Filled:
    """A home with three months of two providers landed."""

    home: Home
    keyring: Keyring = field(repr=False)

    def erased(self, content: str, dry_run: bool = False) -> tuple[int, int, bool]:
        """Rows and copies that went (or would), and whether the vault knew them."""
        done = erase(self.home, self.keyring, content.encode(), "request", dry_run)
        return done.landed_rows, done.copies, done.is_known


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return synthetic_sent(tmp_path_factory.mktemp("sent") / "raw", providers=2)


@pytest.fixture(scope="module")
def made(sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    home = made_home(
        tmp_path_factory.mktemp("made") / "home", sent.folder / "reference"
    )
    keyring = open_keyring(home)
    for path in (*sent.months(1, 2, 3), *sent.elsewhere()):
        assert submit_file(home, keyring, path).state == "accepted"
    return Filled(home, keyring)


@pytest.fixture
def filled(made: Filled, tmp_path: Path) -> Filled:
    home = Home.find(shutil.copytree(made.home.root, tmp_path / "home"))
    return Filled(home, open_keyring(home))


@pytest.fixture(scope="module")
def after(made: Filled, sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """The same home once the one was erased: to look at, not to change."""
    root = tmp_path_factory.mktemp("after") / "home"
    home = Home.find(shutil.copytree(made.home.root, root))
    erased = Filled(home, open_keyring(home))
    assert erased.erased(by_number(sent.one))[1:] == (3, True)
    return erased


@pytest.fixture
def gone(after: Filled, tmp_path: Path) -> Filled:
    """A copy of it, to change."""
    home = Home.find(shutil.copytree(after.home.root, tmp_path / "home"))
    return Filled(home, open_keyring(home))


def by_number(person: Planted) -> str:
    return f'nhs_number = "{person.number}"'


def by_provider(person: Planted) -> str:
    return (
        f'provider = "{person.provider}"\nlocal_identifier = "{person.local}"\n'
        f'birth_date = "{person.birth_date}"'
    )


def people_landed(filled: Filled) -> int:
    query = "select count(distinct person_id) from landed.receipts.person_link"
    ((count,),) = found(filled.home, filled.keyring, "landed", query)
    assert isinstance(count, int)
    return count


def numbers_sealed(filled: Filled) -> set[str]:
    """Every NHS number in a sealed submission that still opens."""
    numbers: set[str] = set()
    for copy in sealed_copies(filled.home.landing_sealed):
        persons = read_copy(filled.home, filled.keyring, copy).tables[MPI]
        numbers |= set(persons.get_column("NHSNumber").drop_nulls())
    return numbers


def check_gone(erased: Filled, made: Filled, sent: Sent) -> None:
    """Nothing of the one is left in landed store or vault."""
    theirs = pseudonyms_of_rows(made.home, made.keyring, sent.one)
    assert not theirs & values_in(erased.home, erased.keyring, "landed")
    assert people_landed(erased) == people_landed(made) - 1
    own = token(erased.keyring, sent.one)
    for table in ("observation", "to_ask", "permitted"):
        assert own not in tokens_in(erased.home, erased.keyring, table)


def test_everything_of_somebody_goes_by_number(
    after: Filled, made: Filled, sent: Sent
) -> None:
    """The record without a number too."""
    check_gone(after, made, sent)


def test_everything_of_somebody_goes_by_local_identifier(
    filled: Filled, made: Filled, sent: Sent
) -> None:
    """The local identity leads to the number, and that to everything else."""
    assert filled.erased(by_provider(sent.one))[1:] == (3, True)
    check_gone(filled, made, sent)


def test_the_rows_of_everybody_else_stay(
    after: Filled, made: Filled, sent: Sent
) -> None:
    """Table by table no row is new, and no more are missing than were counted."""
    missing = 0
    for table in load().tables:
        query = f"select * from landed.iapt_v2_1.{table.lower()}"
        before = Counter(found(made.home, made.keyring, "landed", query))
        left = Counter(found(after.home, after.keyring, "landed", query))
        assert not left - before
        missing += (before - left).total()
    assert missing == _rows(list(after.keyring.ledger().entries()))
    kept = pseudonyms_of_rows(made.home, made.keyring, sent.other)
    assert kept <= values_in(after.home, after.keyring, "landed")


def test_a_dry_run_counts_and_changes_nothing(
    filled: Filled, made: Filled, sent: Sent
) -> None:
    entries = filled.keyring.ledger().verify().count
    counted = filled.erased(by_number(sent.one), dry_run=True)
    assert filled.keyring.ledger().verify().count == entries
    before = values_in(made.home, made.keyring, "landed")
    assert values_in(filled.home, filled.keyring, "landed") == before
    assert counted == filled.erased(by_number(sent.one))


@pytest.mark.attack(10)
def test_sealed_submissions_that_name_them_cannot_be_read_any_more(
    after: Filled, made: Filled, sent: Sent, tmp_path: Path
) -> None:
    """Copies kept aside too: the others of the month are under another key now."""
    assert sent.one.number in numbers_sealed(made)
    assert len(sealed_copies(after.home.landing_sealed)) == len(sent.elsewhere())
    elsewhere = {r["NHSNumber"] for f in sent.elsewhere() for r in rows(f, MPI)} - {""}
    assert numbers_sealed(after) == elsewhere
    for old in sealed_copies(made.home.landing_sealed):
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
    made: Filled, tmp_path: Path
) -> None:
    """The control: what protects above is the end of the key, in one home's keyring."""
    old = sealed_copies(made.home.landing_sealed)[0]
    key = made.keyring.key(key_name(old.parent.name))
    with opened_copy(old, key, tmp_path) as folder:
        assert (folder / f"{MPI}.csv").exists()


@pytest.mark.parametrize("numberless", [False, True])
def test_they_do_not_land_again(
    gone: Filled, sent: Sent, tmp_path: Path, numberless: bool
) -> None:
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    if numberless:
        change(later, MPI, sent.one.local, lambda row: row | {"NHSNumber": ""})
    else:
        change(later, MPI, sent.other.local, lambda row: row | {"Gender": "9"})
    receipt = submit_file(gone.home, gone.keyring, later)
    assert receipt.state == "accepted"
    assert receipt.rows_kept_out > 1
    assert pseudonym_of(gone.keyring, sent.one) not in values_in(
        gone.home, gone.keyring, "landed"
    )


def test_somebody_erased_by_local_identifier_stays_out_with_a_number(
    filled: Filled, sent: Sent, tmp_path: Path
) -> None:
    """Nobody knew their number; it comes later beside the same identifier."""
    month = sent.months(1)[0]
    bare = [row for row in rows(month, MPI) if not row["NHSNumber"]]
    (person,) = [r for r in bare if r["LocalPatientId"] == sent.one.local] or bare[:1]
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    stranger = Planted(
        sent.one.provider, "never seen", "9990000018", person["PersonBirthDate"]
    )
    rows_gone, copies, known = filled.erased(by_provider(stranger))
    assert (rows_gone, copies, known) == (0, 0, False)
    change(
        later,
        MPI,
        sent.other.local,
        lambda row: (
            row
            | {
                "PersonBirthDate": person["PersonBirthDate"],
                "NHSNumber": "9990000018",
            }
        ),
    )
    for table in later.glob("*.csv"):
        text = table.read_text().replace(sent.other.local, "never seen")
        table.write_text(text)
    receipt = submit_file(filled.home, filled.keyring, later)
    assert receipt.rows_kept_out > 1


def test_an_identifier_of_two_people_names_neither(
    filled: Filled, sent: Sent, tmp_path: Path
) -> None:
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    change(later, MPI, sent.other.local, lambda row: row | {"NHSNumber": "9990000018"})
    submit_file(filled.home, filled.keyring, later)
    with pytest.raises(HomeError, match="person_ambiguous"):
        filled.erased(by_provider(sent.other))


def test_the_ledger_says_what_and_why_and_not_who(filled: Filled, sent: Sent) -> None:
    """It comes first; warehouse and packages end with their keys."""
    write_private(filled.home.warehouse_file, b"what was built of them")
    before = filled.keyring.ledger().verify().count
    published = filled.home.published / "table.csv"
    published.write_text("England,5")
    filled.erased(by_number(sent.one))
    entries = list(filled.keyring.ledger().entries())[before:]
    assert entries[0]["event"] == "erasure"
    assert entries[0]["facts"] == {
        "reason": "request",
        "rows": _rows(entries),
        "copies": 3,
    }
    text = json.dumps(entries)
    own = token(filled.keyring, sent.one).hex()
    for word in (sent.one.number, sent.one.local, own):
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
    filled: Filled, sent: Sent, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sealed, step, killed)
        with pytest.raises(KeyboardInterrupt):
            filled.erased(by_number(sent.one))
    assert token(filled.keyring, sent.one) in tokens_in(
        filled.home, filled.keyring, "kept_out"
    )
    filled.erased(by_number(sent.one))
    assert sent.one.number not in numbers_sealed(filled)
    for record in filled.keyring.records():
        if record.name.startswith("sealed:"):
            months = [r for r in filled.keyring.records() if r.name == record.name]
            assert [r.state for r in months].count("active") == 1
            assert {r.state for r in months} <= {"active", "destroyed"}
    theirs = pseudonym_of(filled.keyring, sent.one)
    assert theirs not in values_in(filled.home, filled.keyring, "landed")


def test_the_quarantine_is_looked_through(filled: Filled, sent: Sent) -> None:
    """What nobody can read is counted, and stays until its month ends."""
    inbox = filled.home.landing_inbox
    (inbox / "letter.txt").write_text("a letter")
    shutil.copytree(sent.months(1)[0], inbox / "another name")
    for path in list(inbox.iterdir()):
        quarantine(filled.home, filled.keyring, path, "another kind of name")
    done = erase(
        filled.home, filled.keyring, by_provider(sent.one).encode(), "order", False
    )
    assert (done.copies, done.unread) == (4, 1)
    month = f"{datetime.now(UTC):%Y-%m}"
    left = list((filled.home.landing_quarantine / month).glob("*"))
    assert sorted(path.suffix for path in left) == [".sealed", ".txt"]


def test_a_rotation_of_the_root_still_keeps_them_out(
    gone: Filled, sent: Sent, tmp_path: Path
) -> None:
    """Their tokens have sealed messages, so a new linkage key knows them too."""
    from parity.rotation.root import rotate_root
    from parity.vault.custodians import made_up_custodians

    one, other, _ = made_up_custodians(gone.home)
    rotate_root(gone.home, gone.keyring, one, other)
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    change(later, MPI, sent.other.local, lambda row: row | {"Gender": "9"})
    receipt = submit_file(gone.home, gone.keyring, later)
    assert receipt.rows_kept_out > 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nhs_number = 9990000018",
        'nhs_number = "9990000019"',
        'nhs_number = ""',
        'nhs_number = "9990000018"\nprovider = "RX1"',
        'provider = "RX1"\nlocal_identifier = "P1"',
        'provider = "RX1"\nlocal_identifier = "P1"\nbirth_date = "1 May 1980"',
        "9990000018",
        "\xff",
    ],
)
def test_a_file_that_names_nobody_is_refused_without_a_value(
    filled: Filled, content: str
) -> None:
    with pytest.raises(HomeError, match="person_file") as caught:
        erase(filled.home, filled.keyring, content.encode("latin-1"), "request", True)
    for value in ("9990000018", "9990000019", "1980", "P1", "RX1"):
        assert value not in str(caught.value)


@pytest.mark.attack(7)
def test_the_command_takes_a_file_and_no_name(
    filled: Filled,
    sent: Sent,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A person's identifier is never an argument; the file is the owner's alone."""
    file = tmp_path / "person.toml"
    write_private(file, by_number(sent.one).encode())
    arguments = ["erase", "--home", str(filled.home.root), "--person-file", str(file)]
    capsys.readouterr()
    assert main([*arguments, "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["copies"], said["done"], said["is_known"]) == (3, False, True)
    assert main(["erase", "--home", str(filled.home.root), sent.one.number]) == 2
    file.chmod(0o644)
    assert main(arguments) == 2
    file.chmod(0o600)
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "published tables stay" in out.lower()
    assert sent.one.number not in out
