"""Processes that are stopped where they hold most, so that their memory can be read.

What belongs here: finding the process of a run, waiting for the moment, looking, and
ending it by a crash, as a fault in a library would.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from parity.vault.identifier_scan import scan_memory
from parity.vault.scan.needles import Needles
from parity.vault.scan.processes import descendants
from parity.vault.scan.report import ScanReport

_PROC = Path("/proc")
_SECONDS = 60.0

# Told the process that was started: the processes to look at, none until it is time.
Ready = Callable[[subprocess.Popen[bytes]], list[int]]


@dataclass
class Looking:
    """Waits until it is time, stops the processes, reads their memory, crashes them."""

    ready: Ready
    needles: Needles
    spill: Path
    reports: list[ScanReport] = field(default_factory=list)

    def __call__(self, child: subprocess.Popen[bytes]) -> None:
        pids = waited_for(lambda: self.ready(child))
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.reports.append(scan_memory(pids, self.spill, self.needles))
        for pid in pids:
            os.kill(pid, signal.SIGSEGV)
            os.kill(pid, signal.SIGCONT)


def waited_for(ready: Callable[[], list[int]]) -> list[int]:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if found := ready():
            return found
        time.sleep(0.005)
    raise TimeoutError("the moment did not come")


def running(child: subprocess.Popen[bytes], *words: str) -> list[int]:
    """Processes of a run whose arguments hold all the words."""
    return [
        pid
        for pid in (child.pid, *descendants(child.pid))
        if all(word.encode() in _arguments(pid) for word in words)
    ]


def is_hardened(pid: int) -> bool:
    """Whether a process may leave no core."""
    try:
        limits = (_PROC / str(pid) / "limits").read_text()
    except OSError:
        return False
    return any(
        line.startswith("Max core file size") and line.split()[4] == "0"
        for line in limits.splitlines()
    )


def is_still(pid: int, seconds: float = 0.4) -> bool:
    """Whether a process waits: it has taken no time on a processor for a while."""
    before = _ticks(pid)
    time.sleep(seconds)
    return before == _ticks(pid) > 0


def _ticks(pid: int) -> int:
    try:
        words = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(words[11]) + int(words[12])


def _arguments(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""
