"""A rotation that dies anywhere is wholly taken back or wholly seen through.

Every step of the journal, each on a home of its own: the process ends there as on a
power cut, and the next one finds out which way to go.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from conftest import filled_home, made_home, open_keyring, submit_file
from dying import DIED
from rotation_scene import (
    Keys,
    Store,
    copy_of,
    hidden_map,
    identities_in,
    read_store,
    renamed,
    tokens_of,
)

from parity.cli.main import main
from parity.home import Home
from parity.home.keyring import Keyring
from parity.rewriting import RewritingError, resume_rewriting
from parity.rewriting.journal import journal_file
from parity.rotation.epoch import rotate_epoch
from parity.synthetic import synthesise
from parity.warehouse import build as build_module

HERE = Path(__file__).parent

# What comes before a step is what was after the last one: each state once.
TAKEN_BACK = [
    ("epoch", "prepare one key", "before"),
    ("epoch", "prepare one key", "after"),
    ("epoch", "write the new file", "after"),
    ("epoch", "verify the new file", "after"),
    ("root", "write the new file", "after"),
]
SEEN_THROUGH = [
    ("epoch", "see it through", "before"),
    ("epoch", "switch one file", "after"),
    ("epoch", "activate one key", "after"),
    ("epoch", "remove what was made", "before"),
    ("epoch", "remove what was made", "after"),
    ("epoch", "destroy one key", "after"),
    ("epoch", "remove the journal", "before"),
    ("root", "switch one file", "after"),
    ("root", "activate one key", "after"),
]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crashes") / "sent"
    month = date(2025, 1, 1)
    synthesise(folder, providers=2, referrals_per_month=10, first=month, last=month)
    return folder


@pytest.fixture(scope="module")
def filled(sent: Path) -> Home:
    """One provider has landed; a warehouse and a package stand for what was built."""
    home = made_home(sent.parent / "filled", sent / "reference")
    keyring = filled_home(home, sorted(sent.glob("*_*_*"))[:1])
    keyring.generate("package:researcher", "file")
    keyring.generate("project:researcher", "derivation")
    shutil.copy(home.landed_file, home.warehouse_file)
    folder = home.packages / "researcher" / "build-0001"
    folder.mkdir(parents=True, mode=0o700)
    shutil.copy(home.landed_file, folder / "package.duckdb")
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Path) -> Home:
    return copy_of(filled, tmp_path / "home")


def landed_of(home: Home, keyring: Keyring) -> Store:
    return read_store(home.landed_file, keyring.key("landed"), home.spill)


def die(home: Home, what: str, step: str, when: str) -> None:
    program = [sys.executable, HERE / "dying_rotation.py", home.root]
    done = subprocess.run([*program, what, step, when], check=False)
    assert done.returncode == DIED


def check_wholly_former(home: Home, before: Store) -> None:
    keyring = open_keyring(home)
    assert landed_of(home, keyring) == before
    assert keyring.version("epoch") == keyring.version("root") == 1
    assert keyring.version("landed") == 1
    assert "pre_active" not in {record.state for record in keyring.records()}
    assert home.warehouse_file.exists()
    assert any(home.packages.iterdir())
    check_tidy(home)


@dataclass(frozen=True)
class Before:
    """What a home held, and the pseudonyms that must be gone."""

    landed: Store
    keys: Keys
    pseudonyms: set[UUID]

    @classmethod
    def of(cls, home: Home) -> Before:
        keyring = open_keyring(home)
        keys = Keys.of(keyring)
        tokens = tokens_of(home.vault_file, keyring.key("vault"), home.spill)
        pseudonyms = set(hidden_map(tokens, keys, keys))
        landed = landed_of(home, keyring)
        assert identities_in(landed, pseudonyms) == len(pseudonyms) > 50
        return cls(landed, keys, pseudonyms)


def check_wholly_new(home: Home, before: Before) -> None:
    keyring = open_keyring(home)
    found = landed_of(home, keyring)
    assert keyring.version("epoch") == 2
    if keyring.version("root") == 1:
        tokens = tokens_of(home.vault_file, keyring.key("vault"), home.spill)
        hidden = hidden_map(tokens, before.keys, Keys.of(keyring))
        expected = renamed(before.landed, hidden, hidden)
        assert _without_epoch(found) == _without_epoch(expected)
    assert {n: r.total() for n, r in found.items()} == {
        n: r.total() for n, r in before.landed.items()
    }
    assert identities_in(found, before.pseudonyms) == 0
    renewed = ("epoch", "landed", "warehouse", "project:researcher")
    states = {(r.name, r.version): r.state for r in keyring.records()}
    assert {states[name, 1] for name in renewed} == {"destroyed"}
    assert states["package:researcher", 1] == "destroyed"
    assert not home.warehouse_file.exists()
    assert list(home.packages.iterdir()) == []
    check_tidy(home)


def check_tidy(home: Home) -> None:
    assert not journal_file(home).exists()
    assert list(home.root.rglob("*.fresh.*")) == []
    assert [path for path in home.spill.rglob("*") if path.is_file()] == []


def _without_epoch(store: Store) -> Store:
    return {n: rows for n, rows in store.items() if "parity_meta" not in n}


@pytest.mark.attack(24)
@pytest.mark.parametrize(("what", "step", "when"), TAKEN_BACK)
def test_before_the_switch_it_is_taken_back(
    home: Home, what: str, step: str, when: str
) -> None:
    before = landed_of(home, open_keyring(home))
    die(home, what, step, when)
    ended = resume_rewriting(home, open_keyring(home))
    assert ended is not None
    assert (ended.reason, ended.how, ended.derived_went) == (what, "taken_back", False)
    check_wholly_former(home, before)


@pytest.mark.attack(10, 24)
@pytest.mark.parametrize(("what", "step", "when"), SEEN_THROUGH)
def test_from_the_switch_on_it_is_seen_through(
    home: Home, what: str, step: str, when: str
) -> None:
    before = Before.of(home)
    die(home, what, step, when)
    ended = resume_rewriting(home, open_keyring(home))
    assert ended is not None
    assert (ended.reason, ended.how, ended.derived_went) == (what, "seen_through", True)
    check_wholly_new(home, before)
    assert not resume_rewriting(home, open_keyring(home))


@pytest.mark.attack(24)
def test_a_second_crash_on_the_way_changes_nothing_of_that(home: Home) -> None:
    """Also the command line resumes, and the next rotation begins from there."""
    before = Before.of(home)
    die(home, "epoch", "see it through", "before")
    for step in ("switch one file", "activate one key", "destroy one key"):
        die(home, "epoch", step, "after")
    assert main(["keys", "rotate", "--resume", "--home", str(home.root)]) == 0
    check_wholly_new(home, before)


@pytest.mark.attack(24)
@pytest.mark.parametrize("step", ["write the new file", "see it through"])
def test_a_submission_brings_it_to_its_end_first(
    home: Home, sent: Path, step: str
) -> None:
    die(home, "epoch", step, "before")
    last = sorted(sent.glob("*_*_*"))[-1]
    assert submit_file(home, open_keyring(home), last).state == "accepted"
    check_tidy(home)
    wanted = 1 if step == "write the new file" else 2
    assert open_keyring(home).version("epoch") == wanted


@pytest.mark.attack(24)
def test_a_build_brings_it_to_its_end_first(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(home, "epoch", "see it through", "before")
    seen: list[bool] = []
    monkeypatch.setattr(
        build_module, "run_dbt", lambda *_: seen.append(journal_file(home).exists())
    )
    monkeypatch.setattr(build_module, "check_home_classes", lambda *_: None)
    build_module.build(home, open_keyring(home))
    assert seen == [False]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """A disk that is full for large files; small ones, as the keyring, still fit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.attack(24)
def test_a_full_disk_changes_nothing(home: Home) -> None:
    keyring = open_keyring(home)
    before = landed_of(home, keyring)
    with no_file_larger_than(500_000), pytest.raises(RewritingError) as refused:
        rotate_epoch(home, keyring)
    assert refused.value.code == "not_rewritten"
    check_wholly_former(home, before)
    assert rotate_epoch(home, keyring)["landed_rows"] > 100


@pytest.mark.attack(24)
def test_a_live_rotation_keeps_the_home_to_itself(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that would resume, submit or build waits for its end."""
    seen: list[str] = []
    program = (
        "import fcntl, sys; file = open(sys.argv[1])\n"
        "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)"
    )
    original: Callable[..., object] = rotate_epoch.__globals__["make_map"]

    def looking(*arguments: object) -> object:
        lock = home.operations / "home.lock"
        done = subprocess.run(
            [sys.executable, "-c", program, lock], check=False, capture_output=True
        )
        seen.append("held" if b"BlockingIOError" in done.stderr else "free")
        return original(*arguments)

    monkeypatch.setitem(rotate_epoch.__globals__, "make_map", looking)
    rotate_epoch(home, open_keyring(home))
    assert seen == ["held"]
