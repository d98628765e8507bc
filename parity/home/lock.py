"""One holder at a time: the lock by which intake and build exclude each other.

The lock is the kernel's (flock): it ends with the process that holds it, however that
ends. Inside one process it may be taken again by its own thread; another thread waits
as another process would.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from parity.home.private_files import FILE_MODE

_POLL_SECONDS = 0.2


@dataclass
class _Held:
    """What this process knows of one lock: who may enter, how deep, the open file."""

    threads: threading.RLock = field(default_factory=threading.RLock)
    depth: int = 0
    descriptor: int = -1


_held: dict[Path, _Held] = {}
_held_guard = threading.Lock()


@contextmanager
def holding(
    path: Path, purpose: str, waiting: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the lock file at a path; waits as long as somebody else holds it.

    purpose: a word or two that others are shown while they wait.
    waiting: told once, in a sentence, when there is somebody to wait for.
    """
    with _held_guard:
        held = _held.setdefault(path.resolve(), _Held())
    with held.threads:
        if held.depth == 0:
            held.descriptor = _acquire(path, purpose, waiting)
        held.depth += 1
        try:
            yield
        finally:
            held.depth -= 1
            if held.depth == 0:
                os.close(held.descriptor)


def is_held(path: Path) -> bool:
    """Whether anybody, this process included, holds the lock file at a path."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def _acquire(path: Path, purpose: str, waiting: Callable[[str], None] | None) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        if not _try(descriptor):
            if waiting is not None:
                waiting(f"waiting for this home: in use by {_holder(descriptor)}")
            while not _try(descriptor):
                time.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{purpose} (process {os.getpid()})".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode("utf-8", "replace") or "another process"
