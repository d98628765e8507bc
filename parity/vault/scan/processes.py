"""The environment and arguments of a running process, as Linux shows them.

A variable that a program deleted is still in its `environ` file, and every child has
inherited it: that file is what is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from parity.vault.scan.detector import Detector, Spot

_PROC = Path("/proc")
_SHOWN = ("environ", "cmdline", "comm")


def look_at_process(detector: Detector, pid: int) -> None:
    """Search what the system tells of a process; one that ended is reported."""
    detector.count_process()
    for name in _SHOWN:
        spot = Spot(f"process {pid}", name)
        try:
            content = (_PROC / str(pid) / name).read_bytes()
        except OSError:
            detector.unreadable(spot, "process ended or is not ours")
        else:
            detector.look_at_cells(content.split(b"\0"), spot)


def descendants(pid: int) -> Iterator[int]:
    """The children of a process, and theirs. Those that end meanwhile are left out."""
    try:
        tasks = list((_PROC / str(pid) / "task").iterdir())
        lists = [(task / "children").read_text("ascii") for task in tasks]
    except OSError:
        return
    for child in (int(word) for text in lists for word in text.split()):
        yield child
        yield from descendants(child)
