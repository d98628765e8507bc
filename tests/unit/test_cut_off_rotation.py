"""A rotation that was cut off: told, ended the way it has to go, or in the way.

What a whole home is like after a crash at each step stands in
tests/end_to_end/test_rotation_crashes.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rewriting_support import check_unchanged, cut_off, persons, rewriting_home

from orchestration.failures import value_free
from parity.access.packages import build_package
from parity.access.run_query import query
from parity.cli.main import main
from parity.home import Home, HomeError
from parity.home.keyring import Keyring
from parity.home.unlock import open_keyring
from parity.intake.submit import submit
from parity.publication.monthly import publish_month
from parity.rewriting import (
    Copy,
    check_finished,
    is_unfinished,
    resume_rewriting,
    rewrite,
)
from parity.rewriting.journal import journal_file
from parity.vault.custodians import appointed
from parity.warehouse.build import build
from pseudonymisation.errors import LedgerBroken

ENDS = [("filled", "taken_back"), ("switching", "seen_through")]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return rewriting_home(tmp_path)


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


@pytest.fixture
def said(home: Home, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command on the home and reads its JSON."""

    def run(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert main([*words, "--home", str(home.root), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.attack(24)
@pytest.mark.parametrize(("step", "way"), ENDS)
def test_resume_says_which_way(
    home: Home, keyring: Keyring, said: Callable[..., Any], step: str, way: str
) -> None:
    """For programs; and that what was made of the former rows is gone."""
    cut_off(home, keyring, step)
    ended = said("keys", "rotate", "--resume")
    assert (ended["was_unfinished"], ended["reason"]) == (True, "epoch")
    assert ended["ended"] == way
    assert ("parity build" in (ended["notice"] or "")) is (way == "seen_through")
    if way == "taken_back":
        check_unchanged(home, keyring)
    else:
        assert keyring.version("epoch") == 2
    nothing = said("keys", "rotate", "--resume")
    assert nothing == {
        "was_unfinished": False,
        "reason": None,
        "ended": None,
        "notice": None,
    }


@pytest.mark.parametrize(
    ("step", "words"),
    [("filled", "taken back"), ("switching", "seen through: the new keys")],
)
def test_resume_says_it_in_words(
    home: Home,
    keyring: Keyring,
    capsys: pytest.CaptureFixture[str],
    step: str,
    words: str,
) -> None:
    cut_off(home, keyring, step)
    assert main(["keys", "rotate", "--resume", "--home", str(home.root)]) == 0
    printed = capsys.readouterr().out
    assert words in printed
    assert ("parity package build" in printed) is (step == "switching")
    assert main(["keys", "rotate", "--resume", "--home", str(home.root)]) == 0
    assert capsys.readouterr().out == "nothing was unfinished\n"


@pytest.mark.attack(24)
@pytest.mark.parametrize("step", ["filled", "switching"])
def test_verify_tells_of_it(
    home: Home, keyring: Keyring, said: Callable[..., Any], step: str
) -> None:
    """Exit code 1 until it is ended; and what to do."""
    assert said("keys", "verify")["holds"] is True
    cut_off(home, keyring, step)
    found = said("keys", "verify", code=1)
    (finding,) = found["findings"]
    assert finding["code"] == "rewriting_unfinished"
    assert "parity keys rotate --resume" in finding["sentence"]
    assert said("keys", "rotate", "--resume")["was_unfinished"] is True
    assert said("keys", "verify")["holds"] is True


@pytest.mark.attack(10, 24)
@pytest.mark.parametrize(("step", "way"), ENDS)
def test_publishing_ends_it_first(
    home: Home, keyring: Keyring, step: str, way: str
) -> None:
    """Nothing leaves a warehouse of former rows; without one the answer says so."""
    cut_off(home, keyring, step)
    with pytest.raises(HomeError) as refused:
        publish_month(home, keyring, date(2025, 1, 1))
    assert refused.value.code == "no_warehouse"
    assert not is_unfinished(home)
    assert keyring.version("epoch") == (1 if way == "taken_back" else 2)


@pytest.mark.attack(24)
@pytest.mark.parametrize(
    "command",
    [
        ("publish", "--month", "2025-01"),
        ("package", "verify", "researcher"),
        ("check", "classes"),
        ("check", "digest"),
        ("submissions",),
        ("submit", "."),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_whoever_opens_the_files_ends_it_and_says_so(
    home: Home,
    keyring: Keyring,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    cut_off(home, keyring, "filled")
    main([*command, "--home", str(home.root)])
    assert not is_unfinished(home)
    assert "was taken back" in capsys.readouterr().err
    check_unchanged(home, keyring)


@pytest.mark.attack(10, 24)
def test_a_reader_without_the_keyring_is_refused(home: Home, keyring: Keyring) -> None:
    """It cannot end it, and the package may hold who is gone."""
    cut_off(home, keyring, "switching")
    with pytest.raises(HomeError, match="parity keys rotate --resume") as refused:
        query(home, "researcher", "select 1")
    assert refused.value.code == "rewriting_unfinished"
    asked = ["query", "--as", "researcher", "select 1", "--home", str(home.root)]
    assert main(asked) == 2
    assert is_unfinished(home)


@pytest.mark.attack(24, control=True)
def test_a_rotation_at_work_stops_no_reader(home: Home, keyring: Keyring) -> None:
    """Its process holds the home: the former package is still whole."""
    cut_off(home, keyring, "filled")
    with home.lock("epoch"):
        check_finished(home)
    with pytest.raises(HomeError, match="rewriting_unfinished"):
        check_finished(home)
    resume_rewriting(home, keyring)
    check_finished(home)


@pytest.mark.attack(24)
@pytest.mark.parametrize("step", ["filled", "switching"])
def test_nothing_is_ended_on_a_ledger_that_does_not_hold(
    home: Home, keyring: Keyring, step: str
) -> None:
    """Not even the renaming of files, which comes before the next entry."""
    cut_off(home, keyring, step)
    before = home.landed_file.read_bytes()
    ledger = home.ledger_file.read_bytes()
    *_, last = ledger.splitlines(keepends=True)
    altered = last.replace(last[8:9], b"0" if last[8:9] != b"0" else b"1", 1)
    home.ledger_file.write_bytes(ledger[: -len(last)] + altered)
    with pytest.raises(LedgerBroken):
        resume_rewriting(home, keyring)
    with pytest.raises(LedgerBroken):
        rewrite(home, keyring, {"landed": Copy()}, "test")
    assert home.landed_file.read_bytes() == before
    assert is_unfinished(home)
    home.ledger_file.write_bytes(ledger)
    assert resume_rewriting(home, keyring)
    assert len(persons(home, keyring)) == 3


@pytest.mark.parametrize("act", ["submit", "build", "package", "publish"])
def test_nothing_else_is_done_on_it_either(
    home: Home, keyring: Keyring, tmp_path: Path, act: str
) -> None:
    """Not one file is touched: the ledger is asked before anything."""
    sent = tmp_path / "ZZ1_2025-04_primary"
    sent.mkdir()
    appointed(home, keyring)
    lines = home.ledger_file.read_bytes().splitlines(keepends=True)
    home.ledger_file.write_bytes(b"".join(lines[:3]))
    before = contents(home)
    acts: dict[str, Callable[[], object]] = {
        "submit": lambda: submit(home, sent, keyring),
        "build": lambda: build(home, keyring),
        "package": lambda: build_package(home, keyring, "researcher"),
        "publish": lambda: publish_month(home, keyring, date(2025, 1, 1)),
    }
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        acts[act]()
    assert contents(home) == before


def contents(home: Home) -> dict[str, bytes]:
    """Every file of a home but its locks."""
    return {
        str(path): path.read_bytes()
        for path in home.root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_dagster_keeps_the_words(home: Home, keyring: Keyring) -> None:
    """A journal that cannot be read is no fault of ours, and is named by its place."""
    cut_off(home, keyring, "filled")
    os.truncate(journal_file(home), 0)
    with pytest.raises(dg.Failure) as failure, value_free("intake"):
        resume_rewriting(home, keyring)
    assert "rewriting_damaged" in str(failure.value.description)
    assert str(journal_file(home)) in str(failure.value.description)
