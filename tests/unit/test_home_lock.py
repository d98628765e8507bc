"""The home's lock: one holder, told to whoever waits; no deadlock with oneself."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from parity.home.lock import holding

HOLD = """
import sys
from pathlib import Path
from parity.home.lock import holding
with holding(Path(sys.argv[1]), "build"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_taken_again_by_its_own_thread(tmp_path: Path) -> None:
    """A step inside a step does not wait for itself."""
    told: list[str] = []
    lock = tmp_path / "lock"
    with holding(lock, "one", told.append), holding(lock, "two", told.append):
        pass
    with holding(lock, "three", told.append):
        pass
    assert told == []


@pytest.mark.attack(34)
def test_waits_for_another_process(tmp_path: Path) -> None:
    """Who waits is told once by whom; goes on when the other ends."""
    lock, told = tmp_path / "lock", []
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    with other:
        assert other.stdout.readline() == "held\n"

        def waiting(words: str) -> None:
            told.append(words)
            other.kill()

        with holding(lock, "intake", waiting):
            pass
    assert len(told) == 1
    assert f"build (process {other.pid})" in told[0]


@pytest.mark.attack(34)
def test_another_thread_waits(tmp_path: Path) -> None:
    """Two threads of one process are not inside at once."""
    lock, inside, most = tmp_path / "lock", 0, 0

    def enter() -> None:
        nonlocal inside, most
        for _ in range(50):
            with holding(lock, "thread"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


@pytest.mark.attack(34)
def test_freed_after_an_error(tmp_path: Path) -> None:
    """An exception inside does not keep the lock."""
    lock = tmp_path / "lock"
    with suppress(KeyError), holding(lock, "one"):
        {}["missing"]
    done = threading.Event()

    def enter() -> None:
        with holding(lock, "two"):
            done.set()

    threading.Thread(target=enter).start()
    assert done.wait(5)
