"""The scene of runs that fail, spill or are killed: a small home, and how they end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from canaries import canary_home, canary_needles

from parity.home import Home
from parity.home.private_files import write_private
from parity.home.unlock import Keyring, open_keyring
from parity.intake.submit import submit
from parity.vault.identifier_scan import scan_home, secrets_of
from parity.vault.scan.needles import Needles
from parity.vault.scan.report import Finding


@dataclass(frozen=True)
class Scene:
    """A home with a submission of canaries landed. needles: its identifiers, keys.

    empty: the same home before it landed.
    """

    home: Home
    keyring: Keyring
    submission: Path
    needles: Needles
    folder: Path
    empty: Path

    def copy(self, name: str) -> Home:
        """The home once more, to be broken."""
        root = self.folder / name
        sockets = shutil.ignore_patterns("*.socket")  # no file, and nobody listens
        shutil.copytree(self.home.root, root, ignore=sockets)
        return Home.find(root)


def made_scene(folder: Path) -> Scene:
    """A home in a new folder, with a submission of canaries landed."""
    home, submission = canary_home(folder)
    keyring = open_keyring(home)
    empty = shutil.copytree(home.root, folder / "empty")
    assert submit(home, submission, keyring).state == "accepted"
    needles = replace(canary_needles(submission), secrets=secrets_of(keyring))
    return Scene(home, keyring, submission, needles, folder, empty)


def left_in(home: Home, needles: Needles) -> tuple[Finding, ...]:
    """What a scan of a home finds, with every key of its databases."""
    keyring = open_keyring(home)
    keys = {name: keyring.key_to_read(name) for name in keyring.names()}
    return scan_home(home, keys, needles).findings


def planted_is_found(home: Home, needles: Needles, folder: Path) -> bool:
    """The control: one canary in a file in that folder of that home."""
    needle = needles.needles[0]
    path = folder / "planted.log"
    write_private(path, f"value {needle.value} is no number\n".encode())
    try:
        found = left_in(home, needles)
    finally:
        path.unlink()
    return (path.name, needle.kind) in {(Path(f.place).name, f.kind) for f in found}


def kill_when(folder: Path) -> Callable[[subprocess.Popen[bytes]], None]:
    """Kills a process and all that it started once there is a file in a folder."""

    def meanwhile(child: subprocess.Popen[bytes]) -> None:
        while child.poll() is None:
            if any(path.stat().st_size for path in files_in(folder)):
                return kill(child)
            time.sleep(0.01)
        return None

    return meanwhile


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def kill_after(seconds: float) -> Callable[[subprocess.Popen[bytes]], None]:
    def meanwhile(child: subprocess.Popen[bytes]) -> None:
        time.sleep(seconds)
        kill(child)

    return meanwhile


def kill(child: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole session of a child that leads one; on return all are gone.

    A process with much memory takes its time, and what it used is its own until then.
    """
    os.killpg(child.pid, signal.SIGKILL)
    while any(_runs(stat, child.pid) for stat in Path("/proc").glob("[0-9]*/stat")):
        time.sleep(0.01)


def _runs(stat: Path, session: int) -> bool:
    try:
        state, _, _, led_by = stat.read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return False
    return led_by == str(session) and state not in ("Z", "X", "x")
