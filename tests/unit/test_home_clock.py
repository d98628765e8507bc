"""A clock that is ahead makes everything old: nothing goes on its word alone."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import orchestration.retention as retention
from parity.cli.main import main
from parity.home import Home, HomeError, clock, init
from parity.home.keyring import Keyring
from parity.home.private_files import write_private
from parity.home.settings import settings_file
from parity.home.unlock import open_keyring
from pseudonymisation.errors import LedgerBroken

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
QUIET = timedelta(days=45)
DAY = timedelta(days=1)


def entries(*days: float | str) -> list[dict[str, Any]]:
    """Entries so many days from now; `confirmed` was entered at the one before it."""
    made: list[dict[str, Any]] = []
    for day in days:
        if isinstance(day, str):
            made[-1]["event"] = clock.CONFIRMED
        else:
            made.append({"event": "event", "at": (NOW + day * DAY).isoformat()})
    return made


@pytest.mark.attack(34, control=True)
@pytest.mark.parametrize(
    "days",
    [
        pytest.param((), id="nothing yet"),
        pytest.param((-45, 0), id="as long as may be"),
        pytest.param((-130, -90, -50, -10), id="month after month"),
        pytest.param((-10, 700, -9, -1), id="was ahead and was set right"),
        pytest.param((-10, 700, 710, -9, 3, -1), id="was ahead twice"),
        pytest.param((-400, -20, "confirmed", -1), id="looked at since"),
        pytest.param((900, -20, "confirmed", -1), id="ahead, then looked at"),
    ],
)
def test_a_clock_that_fits(days: tuple[float | str, ...]) -> None:
    clock._check(entries(*days), NOW, QUIET)


@pytest.mark.attack(34)
@pytest.mark.parametrize(
    "days",
    [
        pytest.param((-10, 0.001), id="the last entry is later than now"),
        pytest.param((-46,), id="nothing was done for too long"),
        pytest.param((-400, -1, -0.5), id="it jumped, and then much was done"),
        pytest.param((-10, 90, -9, -100, -1), id="back too far, and forward again"),
        pytest.param((-1, "confirmed", -200, -0.5), id="went back after a look"),
        pytest.param((-100, "confirmed"), id="the look was long ago"),
    ],
)
def test_a_clock_that_does_not(days: tuple[float | str, ...]) -> None:
    with pytest.raises(HomeError, match="--clock-is-right") as refused:
        clock._check(entries(*days), NOW, QUIET)
    assert refused.value.code == "clock"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return Home.find(shutil.copytree(made.root, tmp_path / "home"))


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


@pytest.mark.attack(34)
@pytest.mark.parametrize("days", [-3, 60], ids=["ahead before", "ahead now"])
def test_nothing_goes_by_a_clock_in_doubt(
    home: Home, keyring: Keyring, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """The months' keys stay until somebody has looked; what they said is entered."""
    keyring.generate("sealed:2020-01", "sealing")
    now = datetime.now(UTC) + days * DAY

    class Another(datetime):
        @classmethod
        def now(cls, _: object = None) -> datetime:  # type: ignore[override]
            return now

    for name in ("orchestration.retention", "parity.home.clock", "parity.home.ledger"):
        monkeypatch.setattr(f"{name}.datetime", Another)
    entries = keyring.ledger().verify().count
    assert any(row.oldest for row in retention.retain(home, keyring, apply=False))
    with pytest.raises(HomeError, match="clock"):
        retention.retain(home, keyring, apply=True)
    assert keyring.record("sealed:2020-01").state == "active"
    assert keyring.ledger().verify().count == entries
    retention.retain(home, keyring, apply=True, clock_is_right=True)
    assert keyring.record("sealed:2020-01").state == "destroyed"
    said = list(keyring.ledger().entries())[entries]
    assert said["event"] == "clock_confirmed"
    assert said.get("clock") == ("went_back" if days < 0 else None)
    retention.retain(home, keyring, apply=True)


def test_the_settings_say_for_how_long(home: Home, keyring: Keyring) -> None:
    """A home that is looked at twice a year says so."""
    ahead = datetime.now(UTC) + 60 * DAY
    keyring.ledger()._append("event", {}, ahead)
    entries = list(keyring.ledger().entries())
    later = ahead + DAY
    with pytest.raises(HomeError, match="60 days"):
        clock._check(entries, later, QUIET)
    write_private(settings_file(home), b"[clock]\nquiet_days = 200\n")
    with pytest.raises(HomeError, match="later than now"):
        clock.check_clock(home, keyring)
    clock._check(entries, later, timedelta(days=200))


def test_a_broken_ledger_says_nothing_of_the_clock(
    home: Home, keyring: Keyring
) -> None:
    home.ledger_file.write_bytes(
        home.ledger_file.read_bytes().replace(b'"at":"2', b'"at":"3', 1)
    )
    with pytest.raises(LedgerBroken):
        retention.retain(home, keyring, apply=True)


def test_the_command_line_hands_it_on(home: Home, keyring: Keyring) -> None:
    keyring.ledger()._append("event", {}, datetime.now(UTC) + 900 * DAY)
    root = ["--home", str(home.root)]
    assert main(["retain", *root]) == 0
    assert main(["retain", "--apply", *root]) == 2
    assert main(["retain", "--clock-is-right", *root]) == 2
    assert main(["retain", "--apply", "--clock-is-right", *root]) == 0
    assert main(["retain", "--apply", *root]) == 0
