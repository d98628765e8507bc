"""Nothing is kept past its time, and what went cannot be read from an older copy."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

import orchestration.retention as retention
from orchestration.run import dagster_instance
from parity.home import Home, HomeError, init
from parity.home.private_files import write_private
from parity.home.retention import is_past, kept_since
from parity.home.settings import settings_file
from parity.home.unlock import Keyring, open_keyring
from parity.intake.inbox import set_aside
from parity.intake.seal import copied_files, opened_copy, seal_copy
from parity.intake.sealed_copies import (
    key_name,
    key_of_copy,
    month_folder,
    sealed_copies,
    sealing_key,
)
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keys import generate_key

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CONTENT = "9990000018,2025"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return Home.find(shutil.copytree(made.root, tmp_path / "home"))


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


def sealed(home: Home, keyring: Keyring, month: str) -> Path:
    """A sealed copy that came in a month."""
    sent = home.spill / "sent"
    sent.mkdir(exist_ok=True)
    (sent / "IDS001MPI.csv").write_text(CONTENT)
    name = uuid4()
    copy = month_folder(home.landing_sealed, month) / f"{name}.sealed"
    seal_copy(sent, copy, sealing_key(keyring, month), name)
    shutil.rmtree(sent)
    return copy


def text_of(keyring: Keyring, copy: Path) -> str:
    return copied_files(copy, key_of_copy(keyring, copy))["IDS001MPI.csv"].decode()


def kept(home: Home, keyring: Keyring, apply: bool) -> dict[str, tuple[int, str]]:
    """What goes: how many and their oldest month, by what they are."""
    rows = retention._retain(home, keyring, apply, NOW)
    return {row.what: (row.count, row.oldest) for row in rows if row.oldest}


@pytest.mark.parametrize(
    ("month", "months", "past"),
    [
        ("2026-11", 0, True),
        ("2026-11", 1, False),
        ("2026-10", 1, False),
        ("2026-09", 1, True),
        ("2025-10", 13, False),
        ("2025-09", 13, True),
        ("2027-01", 3, False),
    ],
)
def test_whole_months_are_counted(month: str, months: int, past: bool) -> None:
    """Thirteen months after the month it came in, whatever the day."""
    assert is_past(month, months, NOW) is past


def test_the_oldest_month_kept_begins_on_its_first_day() -> None:
    assert kept_since(3, NOW) == datetime(2026, 8, 1, tzinfo=UTC)
    assert kept_since(11, NOW) == datetime(2025, 12, 1, tzinfo=UTC)
    assert kept_since(0, NOW) == NOW


def test_each_month_has_a_key_of_its_own(home: Home, keyring: Keyring) -> None:
    first, second = sealed(home, keyring, "2025-09"), sealed(home, keyring, "2025-10")
    assert sealed_copies(home.landing_sealed) == [first, second]
    assert text_of(keyring, first) == CONTENT
    other = keyring.key(key_name("2025-10"))
    with pytest.raises(EnvelopeRefused), opened_copy(first, other, home.spill):
        pass


@pytest.mark.attack(10)
def test_an_older_copy_of_a_month_that_ended_cannot_be_read(
    home: Home, keyring: Keyring, tmp_path: Path
) -> None:
    """The file was copied aside; the keyring of today opens it no more."""
    gone, stays = sealed(home, keyring, "2025-09"), sealed(home, keyring, "2025-10")
    aside = shutil.copy(gone, tmp_path)
    assert kept(home, keyring, apply=True)["sealed submissions"] == (1, "2025-09")
    assert not gone.parent.exists()
    assert text_of(keyring, stays) == CONTENT
    gone.parent.mkdir()
    shutil.copy(aside, gone)
    with pytest.raises(HomeError, match="key_destroyed"):
        text_of(open_keyring(home), gone)


@pytest.mark.attack(10, control=True)
def test_with_its_key_the_older_copy_would_be_read(
    home: Home, keyring: Keyring, tmp_path: Path
) -> None:
    """The control: what protects above is the end of the key, not of the file."""
    gone = sealed(home, keyring, "2025-09")
    aside, key = shutil.copy(gone, tmp_path), keyring.key(key_name("2025-09"))
    kept(home, keyring, apply=True)
    with opened_copy(Path(aside), key, tmp_path) as folder:
        assert (folder / "IDS001MPI.csv").read_text() == CONTENT


def test_nothing_goes_unless_it_is_said(home: Home, keyring: Keyring) -> None:
    copy = sealed(home, keyring, "2025-09")
    entries = keyring.ledger().verify().count
    assert kept(home, keyring, apply=False)["sealed submissions"] == (1, "2025-09")
    assert text_of(keyring, copy) == CONTENT
    assert keyring.ledger().verify().count == entries


def test_the_quarantine_ends_with_its_month(home: Home, keyring: Keyring) -> None:
    path = home.landing_inbox / "letter.txt"
    path.write_text("a letter")
    received = datetime(2025, 9, 30, 23, tzinfo=UTC)
    set_aside(home, keyring, path, "unreadable", uuid4(), received)
    assert kept(home, keyring, apply=True)["quarantine"] == (1, "2025-09")
    assert list(home.landing_quarantine.rglob("*")) == []
    assert keyring.record(key_name("2025-09")).state == "destroyed"


def test_the_ledger_comes_first(home: Home, keyring: Keyring) -> None:
    sealed(home, keyring, "2025-09")
    before = keyring.ledger().verify().count
    kept(home, keyring, apply=True)
    events = [str(e["event"]) for e in keyring.ledger().entries()][before:]
    assert events[:2] == ["retention_applied", "key_destroyed"]


@pytest.mark.attack(34)
@pytest.mark.parametrize("cut", ["key", "files"])
def test_a_pass_that_was_cut_off_is_finished_by_the_next(
    home: Home, keyring: Keyring, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """Killed after the first key, or with a key left and its folder gone."""
    first, second = sealed(home, keyring, "2025-08"), sealed(home, keyring, "2025-09")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    if cut == "key":
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "rmtree", killed)
            with pytest.raises(KeyboardInterrupt):
                kept(home, keyring, apply=True)
        assert first.exists()
    else:
        shutil.rmtree(first.parent)
    kept(home, keyring, apply=True)
    assert not second.exists()
    assert not first.exists()
    for month in ("2025-08", "2025-09"):
        assert keyring.record(key_name(month)).state == "destroyed"


def test_a_late_file_of_a_month_that_ended_gets_another_key(
    home: Home, keyring: Keyring
) -> None:
    sealed(home, keyring, "2025-09")
    kept(home, keyring, apply=True)
    late = sealed(home, keyring, "2025-09")
    assert keyring.version(key_name("2025-09")) == 2
    assert text_of(keyring, late) == CONTENT


def test_plain_files_go_by_their_age(home: Home, keyring: Keyring) -> None:
    """Logs and answers by the month they were written in, spill at once."""
    old = datetime(2024, 1, 5, tzinfo=UTC).timestamp()
    written = {
        home.dbt_logs / "old.log": old,
        home.dbt_logs / "new.log": NOW.timestamp(),
        home.answers / "ZZ1_2023-11_primary" / "answer.json": old,
        home.answers / "ZZ1_2026-10_primary" / "answer.json": NOW.timestamp(),
        home.spill / "duckdb_temp": NOW.timestamp(),
    }
    for path, when in written.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        os.utime(path, (when, when))
    found = kept(home, keyring, apply=True)
    assert found["dbt logs"] == (1, "2024-01")
    assert found["answers"] == (1, "2024-01")
    assert found["spill"] == (1, "2026-11")
    assert [path.name for path in written if path.exists()] == [
        "new.log",
        "answer.json",
    ]
    assert not (home.answers / "ZZ1_2023-11_primary").exists()


def test_a_build_that_is_not_in_force_goes(home: Home, keyring: Keyring) -> None:
    role = home.packages / "researcher"
    for build in ("build-0001", "build-0002"):
        (role / build).mkdir(parents=True)
    write_private(role / "current", b"build-0002\n")
    assert kept(home, keyring, apply=True)["former package builds"][0] == 1
    assert sorted(p.name for p in role.iterdir()) == ["build-0002", "current"]


def test_dagsters_old_runs_go(home: Home, keyring: Keyring) -> None:
    with dagster_instance(home) as instance:
        run = instance.create_run_for_job(_a_job())
    later = NOW.replace(year=2100)
    rows = {r.what: r for r in retention._retain(home, keyring, False, later)}
    assert rows["dagster storage"].count == 1
    retention._retain(home, keyring, True, later)
    with dagster_instance(home) as instance:
        assert instance.get_run_by_id(run.run_id) is None


def _a_job():  # type: ignore[no-untyped-def]
    import dagster as dg

    @dg.op
    def nothing() -> None:
        pass

    @dg.job
    def empty() -> None:
        nothing()

    return empty


def test_what_is_kept_for_good_stands_in_the_table(
    home: Home, keyring: Keyring
) -> None:
    rows = retention._retain(home, keyring, False, NOW)
    forever = {row.what for row in rows if row.how == "keep"}
    assert forever == {"ledger", "vault"}


def test_the_table_of_the_settings_counts(home: Home, keyring: Keyring) -> None:
    sealed(home, keyring, "2026-09")
    months = "keep_months = 1\n"
    write_private(
        settings_file(home),
        f"[[retention]]\nwhat = 'sealed submissions'\n{months}"
        f"[[retention]]\nwhat = 'quarantine'\n{months}".encode(),
    )
    assert kept(home, keyring, apply=False)["sealed submissions"] == (1, "2026-09")


def test_a_key_of_another_purpose_is_not_a_months_key(
    home: Home, keyring: Keyring
) -> None:
    """Only what the landing zone sealed ends; every other key of the home stays."""
    sealed(home, keyring, "2025-09")
    before = {r.name for r in keyring.records() if r.state != "destroyed"}
    kept(home, keyring, apply=True)
    after = {r.name for r in keyring.records() if r.state != "destroyed"}
    assert before - after == {key_name("2025-09")}


def test_copies_of_a_home_without_monthly_keys_still_open(
    home: Home, keyring: Keyring
) -> None:
    """Homes made before had one key, and no folders for the months."""
    key = keyring.generate("sealed", "sealing")
    sent = home.spill / "IDS001MPI.csv"
    sent.write_text(CONTENT)
    name = uuid4()
    copy = home.landing_sealed / f"{name}.sealed"
    seal_copy(home.spill, copy, key, name)
    assert text_of(keyring, copy) == CONTENT
    with (
        pytest.raises(EnvelopeRefused),
        opened_copy(copy, generate_key(), home.spill),
    ):
        pass
