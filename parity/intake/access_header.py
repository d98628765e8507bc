"""The first page of an Access file: is it one, is it whole, has it a password.

What belongs here: the three things that the reading program does not check. It opens a
file of nothing, and it reads a file with a database password as if there were none.

The page is described in the documentation of mdbtools (HACKING) and of Jackcess: from
byte 0x18 it is covered by RC4 with a fixed key; under that, the password field of Jet 4
and later (40 bytes from 0x42) is covered again by the whole days of the creation date.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from parity.intake.errors import IntakeError

MOST_BYTES = 512 * 1024 * 1024
_SIGNATURES = (b"\0\1\0\0Standard Jet DB\0", b"\0\1\0\0Standard ACE DB\0")
_VERSION_AT = 0x14
_ACCESS_97 = 0
_PAGE_BYTES = 4096
_COVERED_FROM = 0x18
_COVERED_BYTES = 128
_COVER_KEY = bytes.fromhex("c7da396b")
_PASSWORD_AT = 0x42
_PASSWORD_BYTES = 40
_DATE_AT = 0x72


def check_header(path: Path) -> None:
    """Raise unless the file can be an Access database, whole and without a password.

    Raises:
        IntakeError: no Access file, too old, cut short, too large, or with a password.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise IntakeError(
            "PARITY-LIMIT", f"the file is larger than {MOST_BYTES >> 20} MB"
        )
    with path.open("rb") as stream:
        page = stream.read(_PAGE_BYTES)
    if not page.startswith(_SIGNATURES) or len(page) < _PAGE_BYTES:
        raise IntakeError("PARITY-NOT-ACCESS", "the file is not an Access database")
    if page[_VERSION_AT] == _ACCESS_97:
        raise IntakeError(
            "PARITY-NOT-ACCESS", "the file is of Access 97; save it as 2000 or later"
        )
    if size % _PAGE_BYTES:
        raise IntakeError("PARITY-TRUNCATED", "the Access file is cut short")
    if _has_password(page):
        raise IntakeError(
            "PARITY-PASSWORD",
            "the Access file has a database password; take it off and send it again",
        )


def _has_password(page: bytes) -> bool:
    covered = page[_COVERED_FROM : _COVERED_FROM + _COVERED_BYTES]
    clear = page[:_COVERED_FROM] + bytes(
        byte ^ key for byte, key in zip(covered, _rc4(_COVER_KEY), strict=False)
    )
    cover = _date_cover(clear)
    field = clear[_PASSWORD_AT : _PASSWORD_AT + _PASSWORD_BYTES]
    return any(byte ^ cover[at % len(cover)] for at, byte in enumerate(field))


def _date_cover(clear: bytes) -> bytes:
    (days,) = struct.unpack_from("<d", clear, _DATE_AT)
    try:
        return struct.pack("<i", int(days))
    except (ValueError, OverflowError, struct.error):
        raise IntakeError(
            "PARITY-NOT-ACCESS", "the first page of the Access file is damaged"
        ) from None


def _rc4(key: bytes) -> Iterator[int]:
    """The key stream of RC4: a cover that anyone can lift, no protection."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    while True:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        yield state[(state[i] + state[j]) % 256]
