"""Sealed copies by the month of receipt: each month has a folder and a key of its own.

What belongs here: where a copy lies, the key that seals it, and opening what is there.
A month is forgotten by destroying its key (parity.intake.retention): every copy of its
files, in whatever backup, is unreadable from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from parity.home import Home
from parity.home.private_files import make_folder
from parity.home.unlock import Keyring
from parity.intake.seal import opened_copy

SEALED = "*.sealed"

_MONTH = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")
_OF_ALL_TIME = "sealed"  # the key of homes made before months had keys


def month_of(instant: datetime) -> str:
    """The month (UTC, YYYY-MM) that something was received in."""
    return f"{instant.astimezone(UTC):%Y-%m}"


def key_name(month: str) -> str:
    """Name of the key of a month's sealed copies, quarantine included."""
    return f"sealed:{month}"


def sealing_key(keyring: Keyring, month: str) -> bytes:
    """The key that seals what comes in a month; made when there is none in force."""
    name = key_name(month)
    if name in keyring.names():
        return keyring.key(name)
    return keyring.generate(name, "sealing")


def month_folder(room: Path, month: str) -> Path:
    """The folder of a month in `landing/sealed` or the quarantine; made if needed."""
    return make_folder(room / month)


def months(room: Path) -> list[str]:
    """The months that have a folder in a room, oldest first."""
    found = [path.name for path in room.iterdir() if path.is_dir()]
    return sorted(name for name in found if _MONTH.fullmatch(name))


def sealed_copies(room: Path) -> list[Path]:
    """Every sealed copy in a room, oldest month first."""
    return [path for path in sorted(room.rglob(SEALED)) if path.is_file()]


@contextmanager
def opened(home: Home, keyring: Keyring, copy: Path) -> Iterator[Path]:
    """The submission of a sealed copy, in clear in the landing zone while needed.

    Raises HomeError when the month's key is gone, EnvelopeRefused when no version of it
    opens the copy.
    """
    own = _MONTH.fullmatch(copy.parent.name)
    name = key_name(copy.parent.name) if own else _OF_ALL_TIME
    keys = [keyring.key_to_read(name)]
    # Copies that are being sealed anew are under two versions for a moment.
    older = sorted(keyring.versions_to_read(name))[:-1]
    keys += [keyring.key_to_read(name, version) for version in reversed(older)]
    with opened_copy(copy, keys, home.landing_inbox.parent) as path:
        yield path
