"""The inbox of a home: which files wait, and where the unreadable ones go.

What belongs here: listing, recognising names, and moving aside. No content is read
here.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from parity.home import Home
from parity.home.private_files import write_private
from parity.intake.errors import IntakeError
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


def quarantine(home: Home, path: Path, reason: str) -> None:
    """Move a file aside, out of the way of the others, with the reason beside it."""
    target = _free_name(home.landing_quarantine, path.name)
    shutil.move(path, target)
    write_private(target.with_name(f"{target.name}.reason.txt"), f"{reason}\n".encode())


def _free_name(folder: Path, name: str) -> Path:
    candidate, number = folder / name, 1
    while candidate.exists():
        number += 1
        candidate = folder / f"{name}.{number}"
    return candidate
