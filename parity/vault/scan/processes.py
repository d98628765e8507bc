"""The environment, arguments and memory of a running process, as Linux shows them.

A variable that a program deleted is still in its `environ` file, and every child has
inherited it: that file is what is read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from parity.vault.scan.containers import Containers
from parity.vault.scan.detector import Detector, Spot

_PROC = Path("/proc")
_PIECE = 1 << 26
_SHOWN = ("environ", "cmdline", "comm")


def look_at_process(detector: Detector, pid: int) -> None:
    """Search what the system tells of a process; one that ended is reported."""
    detector.count_process()
    seen = dict(process_surfaces(pid))
    for name in _SHOWN:
        spot = Spot(f"process {pid}", name)
        if name in seen:
            detector.look_at_cells(seen[name].split(b"\0"), spot)
        else:
            detector.unreadable(spot, "process ended or is not ours")


def process_surfaces(pid: int) -> Iterator[tuple[str, bytes]]:
    """Environment, arguments and name of a process, as far as they can be read."""
    for name in _SHOWN:
        with suppress(OSError):
            yield name, (_PROC / str(pid) / name).read_bytes()


def look_at_memory(containers: Containers, detector: Detector, pid: int) -> None:
    """Search all that a process holds in memory and could read itself.

    The process may run on meanwhile; one that stands still is seen whole. Needs the
    right to trace it: the same user and no hardening, or root.
    """
    spot = Spot(f"process {pid}", "memory")
    try:
        for name, content in _mappings(pid):
            containers.raw(content, spot.inside(name))
    except OSError:
        detector.unreadable(spot, "process ended or is not ours")


def _mappings(pid: int) -> Iterator[tuple[str, bytes]]:
    """The name and content of each stretch of memory that was written or is private.

    Left out: files that are only read, such as libraries.
    """
    folder = _PROC / str(pid)
    with (folder / "mem").open("rb", buffering=0) as memory:
        for line in (folder / "maps").read_text("utf-8", "replace").splitlines():
            words = line.split(maxsplit=5)
            is_file = len(words) > 5 and words[5].startswith("/")
            if words[1][0] != "r" or (is_file and words[1][1] != "w"):
                continue
            first, last = (int(edge, 16) for edge in words[0].split("-"))
            content = _stretch(memory, first, last)
            if content:
                yield "file" if is_file else "anonymous", content


def _stretch(memory: io.FileIO, first: int, last: int) -> bytes:
    """What is there; a stretch that the kernel keeps to itself is empty."""
    pieces = []
    memory.seek(first)
    while first < last:
        try:
            piece = memory.read(min(last - first, _PIECE))
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
        first += len(piece)
    return b"".join(pieces)


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
