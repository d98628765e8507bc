"""Files and folders that are their owner's alone: made so, and refused when not.

DuckDB and most libraries create files that everybody may read (0644). `harden_process`
turns that off for everything the process makes from then on; the functions below make
and check what we write ourselves.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import resource
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from parity.home.errors import HomeError

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = 0o077
_PR_SET_DUMPABLE = 4
_PROC = Path("/proc")
_START_TIME = 19  # of the words in /proc/<pid>/stat after the program's name
# States of a process that has ended: a zombie, and dead.
_ENDED = ("Z", "X", "x")
_numbers = itertools.count(1)
_NOT_FROM_ROOT = 0o037  # all but reading by the group


def harden_process() -> None:
    """New files are the owner's alone, and a crash leaves no memory image anywhere.

    The core limit is not enough: the kernel does not ask it where dumps are piped to a
    program. A process that is not dumpable gives none, and no other process of the user
    reads its memory or environment (prctl(2)).
    """
    os.umask(_OTHERS)
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    _set_dumpable(0)


@contextmanager
def readable_by_ourselves() -> Iterator[None]:
    """For as long as it lasts, this process may open its own files in /proc."""
    _set_dumpable(1)
    try:
        yield
    finally:
        _set_dumpable(0)


def _set_dumpable(value: int) -> None:
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, value, 0, 0, 0) != 0:
        raise HomeError("dumpable", "the system does not say who may read our memory")


def make_folder(path: Path) -> Path:
    """Make a folder with mode 0700; one that exists is checked."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return check_folder(path)


def check_folder(path: Path) -> Path:
    """Return a folder of ours with mode 0700. Raises HomeError."""
    found = _look(path)
    if not stat.S_ISDIR(found.st_mode):
        raise HomeError("not_a_folder", f"{path} is not a folder")
    return _check_owner_only(path, found)


def check_file(path: Path) -> Path:
    """Return a regular file of ours that nobody else may read. Raises HomeError."""
    found = _look(path)
    if not stat.S_ISREG(found.st_mode):
        raise HomeError("not_a_file", f"{path} is not a regular file")
    return _check_owner_only(path, found)


def read_credential(path: Path) -> bytes:
    """The bytes of a file that systemd put there for this service. Raises HomeError.

    Ours alone, or root's: then systemd grants us reading by an access list, whose mask
    shows as the group's bits.
    """
    found = _look(path)
    if not stat.S_ISREG(found.st_mode):
        raise HomeError("not_a_file", f"{path} is not a regular file")
    _check_credential(path, found)
    return path.read_bytes()


def read_private(path: Path) -> bytes:
    """The bytes of a file that nobody else may read. Raises HomeError."""
    return check_file(path).read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600, whole or not at all; on disk on return."""
    with writing_private(path) as file:
        file.write(content)


@contextmanager
def writing_private(path: Path) -> Iterator[IO[bytes]]:
    """The same for content that does not fit in memory; nothing stays of a failure."""
    remove_left_drafts(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, flags, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def remove_left_drafts(path: Path) -> None:
    """Remove drafts of a file whose writers have ended: a kill leaves them behind.

    A draft is a whole copy: one of the keyring holds keys that are destroyed since.
    """
    start, end = f".{path.name}.", ".draft"
    for draft in path.parent.glob(f"{start}*{end}"):
        writer = draft.name.removeprefix(start).removesuffix(end)
        if writer.isdecimal() and not _started(int(writer)):
            draft.unlink(missing_ok=True)


def own_path(parent: Path, purpose: str) -> Path:
    """A path below a folder that is this process's own; nothing is made there.

    What processes that have ended left under such paths is removed first: a process
    that is killed cannot tidy up after itself.
    """
    remove_left_over(parent, purpose)
    pid = os.getpid()
    return parent / f"{purpose}-{pid}-{_started(pid)}-{next(_numbers)}"


def remove_left_over(parent: Path, purpose: str) -> None:
    """Remove what ended processes left below their own paths in a folder."""
    for path in parent.glob(f"{purpose}-*-*-*"):
        if path.name.split("-")[-3].isdecimal() and not is_in_use(path):
            shutil.rmtree(path, ignore_errors=True)


def is_in_use(path: Path) -> bool:
    """Whether a path is the own one (`own_path`) of a process that still runs."""
    if path.name.count("-") < 3:
        return False
    _, pid, started, _ = path.name.rsplit("-", 3)
    return pid.isdecimal() and _started(int(pid)) == started != ""


def _started(pid: int) -> str:
    """When a process began, in the kernel's clock; empty when none runs.

    One that has ended and was not waited for yet is still listed, and runs no more.
    """
    try:
        told = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    said = told.rpartition(")")[2].split()
    return "" if said[0] in _ENDED else said[_START_TIME]


def sync_folder(path: Path) -> None:
    """Have a folder's entries on disk: a rename is not durable before that."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _look(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except FileNotFoundError:
        raise HomeError("missing", f"{path} does not exist") from None


def _check_credential(path: Path, found: os.stat_result) -> None:
    from_root = found.st_uid == 0 != os.geteuid()
    if from_root and not stat.S_IMODE(found.st_mode) & _NOT_FROM_ROOT:
        return
    _check_owner_only(path, found)


def _check_owner_only(path: Path, found: os.stat_result) -> Path:
    if found.st_uid != os.geteuid():
        raise HomeError("not_ours", f"{path} belongs to another user")
    if stat.S_IMODE(found.st_mode) & _OTHERS:
        raise HomeError("mode", f"{path} may be read by others; give it mode 0600")
    return path
