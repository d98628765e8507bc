"""Sealed copies by the month of receipt: each month has a folder and a key of its own.

What belongs here: where a copy lies, the key that seals it, and opening what is there.
A month is forgotten by destroying its key (parity.intake.retention): every copy of its
files, in whatever backup, is unreadable from then on.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from parity.home import Home
from parity.home.private_files import make_folder
from parity.home.unlock import Keyring
from parity.intake.delimited import check_size
from parity.intake.reader import RawSubmission, read_files, read_submission
from parity.intake.seal import (
    copied_files,
    copied_names,
    is_one_file,
    is_sealed_with,
    opened_copy,
)
from parity.specification import load
from pseudonymisation.errors import EnvelopeRefused

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


def key_of_copy(keyring: Keyring, copy: Path) -> bytes:
    """The key that opens a sealed copy: that of the month whose folder it lies in.

    While a month is sealed anew, its copies are under two versions of its key. Raises
    HomeError when the key is gone, EnvelopeRefused when no version opens the copy.
    """
    own = _MONTH.fullmatch(copy.parent.name)
    name = key_name(copy.parent.name) if own else _OF_ALL_TIME
    versions = sorted(keyring.versions_to_read(name))
    for version in reversed(versions[1:]):
        key = keyring.key_to_read(name, version)
        if is_sealed_with(key, copy):
            return key
    key = keyring.key_to_read(name, versions[0] if versions else None)
    if not is_sealed_with(key, copy):
        raise EnvelopeRefused("parts_refused", "no key of its month opens the copy")
    return key


def read_copy(home: Home, keyring: Keyring, copy: Path) -> RawSubmission:
    """What a sealed copy holds, read as it was when it came.

    A folder is read from memory; an Access file, which other programs read, is unpacked
    in the landing zone for that long. Raises as `key_of_copy`, and IntakeError for what
    cannot be read.
    """
    key, landing = key_of_copy(keyring, copy), home.landing_inbox.parent
    names = copied_names(copy, key)
    if not is_one_file(names):
        check_size(sum(names.values()))
        return read_files(copied_files(copy, key), load())
    with (
        opened_copy(copy, key, landing) as submission,
        tempfile.TemporaryDirectory(dir=submission.parent) as workdir,
    ):
        return read_submission(submission, load(), Path(workdir))
