"""The inbox of a home: which files wait, and where the unreadable ones go.

What belongs here: listing, recognising names, and setting aside under encryption.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from parity.home import Home
from parity.home.private_files import write_private
from parity.home.unlock import Keyring
from parity.intake.errors import IntakeError
from parity.intake.seal import seal_copy
from parity.intake.sealed_copies import month_folder, month_of, sealing_key
from parity.intake.slot import Slot

_PARTIAL = (".part", ".tmp", ".crdownload")


def ready_files(home: Home) -> list[Path]:
    """Files and folders that wait, oldest month first; hidden and partial ones rest."""
    waiting = [
        path
        for path in home.landing_inbox.iterdir()
        if not path.name.startswith(".") and path.suffix not in _PARTIAL
    ]
    return sorted(waiting, key=_order)


def _order(path: Path) -> tuple[str, int, str]:
    slot = slot_or_reason(path)
    if isinstance(slot, Slot):
        return slot.month.isoformat(), int(slot.kind == "refresh"), path.name
    return "", 0, path.name


def slot_or_reason(path: Path) -> Slot | str:
    """The slot that a name says, or why it says none."""
    try:
        return Slot.from_name(path.name)
    except IntakeError as error:
        return str(error)


def find_in_inbox(home: Home, slot: Slot) -> Path:
    """The file or folder of a slot. Raises IntakeError when none waits."""
    for path in ready_files(home):
        if slot_or_reason(path) == slot:
            return path
    raise IntakeError("PARITY-INBOX", "no file of this provider, month and kind waits")


Snapshot = frozenset[tuple[str, int, int]]


def snapshot(path: Path) -> Snapshot:
    """Names, sizes and times of what is there, to see whether it is still arriving."""
    files = [path, *(path.rglob("*") if path.is_dir() else ())]
    looks = [(str(file), file.lstat()) for file in files]
    return frozenset((name, look.st_size, look.st_mtime_ns) for name, look in looks)


def check_still(path: Path, before: Snapshot) -> None:
    """Raise IntakeError when a submission changed while it was read."""
    if not path.exists() or snapshot(path) != before:
        raise IntakeError(
            "PARITY-ARRIVING", "the submission changed while it was read; try again"
        )


def set_aside(
    home: Home,
    keyring: Keyring,
    path: Path,
    reason: str,
    copy_id: UUID,
    received_at: datetime,
) -> None:
    """Keep an encrypted copy in the quarantine with the reason beside it.

    Nothing that was sent is lost; its name, which may say anything, is inside the copy.
    received_at: whose month has the key and the folder.
    """
    month = month_of(received_at)
    target = month_folder(home.landing_quarantine, month) / f"{copy_id}.sealed"
    seal_copy(path, target, sealing_key(keyring, month), copy_id)
    write_private(target.with_suffix(".reason.txt"), f"{reason}\n".encode())


def remove(home: Home, path: Path) -> None:
    """Take a file or folder out of the inbox; anything that lies elsewhere stays."""
    if path.parent.resolve() != home.landing_inbox.resolve():
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def quarantine(home: Home, keyring: Keyring, path: Path, reason: str) -> None:
    """Move something out of the inbox and out of the way of the rest, sealed."""
    set_aside(home, keyring, path, reason, uuid4(), datetime.now(UTC))
    remove(home, path)
