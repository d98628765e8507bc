"""Something of any size, sealed part by part in constant memory.

    one byte   the form, 2 (an envelope begins with 1)
    16 bytes   random: which sealing this is
    then, for each part:
    4 bytes    length of its envelope, the most significant byte first
    the rest   the envelope (pseudonymisation.envelope)

The context of a part's envelope is an encoding of the whole's context, those 16 bytes,
the part's number from 1, and whether it is the last. So parts that are altered, moved,
doubled, left out, cut off at the end or taken from another sealing, even of the same
key and context, do not open. What comes before the first fault is given out before the
fault is seen: who reads must wait for the end before believing any of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keys import check_key

FORM = b"\x02"
PART_BYTES = 1 << 20

_ID_BYTES = 16
_LENGTH_BYTES = 4
_LONGEST = PART_BYTES + 64  # an envelope has 29 bytes more than its value


class PartsWriter:
    """Seals what is written to it. `close` makes the last part; without it none is."""

    def __init__(
        self, write: Callable[[bytes], object], key: bytes, context: bytes
    ) -> None:
        """write: takes the sealed bytes. key: 32 bytes. Raises KeyRefused."""
        self._write, self._key = write, check_key(key)
        self._id, self._context = secrets.token_bytes(_ID_BYTES), context
        self._held = bytearray()
        self._number = 0
        write(FORM + self._id)

    def __repr__(self) -> str:
        return "<PartsWriter>"

    def write(self, content: bytes) -> int:
        """Take some bytes more; how many they were."""
        self._held += content
        # One part is always held back: the last one is sealed as the last.
        while len(self._held) > PART_BYTES:
            self._seal(bytes(self._held[:PART_BYTES]), "more")
            del self._held[:PART_BYTES]
        return len(content)

    def close(self) -> None:
        """Seal what is left as the last part."""
        self._seal(bytes(self._held), "last")
        self._held.clear()

    def _seal(self, value: bytes, place: str) -> None:
        self._number += 1
        context = _context(self._context, self._id, self._number, place)
        envelope = seal(self._key, value, context)
        self._write(len(envelope).to_bytes(_LENGTH_BYTES, "big") + envelope)


def unseal_parts(
    read: Callable[[int], bytes], key: bytes, context: bytes
) -> Iterator[bytes]:
    """The parts of something sealed, each opened when it is asked for.

    read: gives so many bytes, fewer at the end. Raises KeyRefused at once,
    EnvelopeRefused (parts_refused) at the first part that does not open or fit.
    """
    return _parts(read, check_key(key), context)


def _parts(read: Callable[[int], bytes], key: bytes, context: bytes) -> Iterator[bytes]:
    form, sealing = read(len(FORM)), read(_ID_BYTES)
    number, length = 1, read(_LENGTH_BYTES)
    while True:
        size = int.from_bytes(length, "big")
        if form != FORM or len(length) != _LENGTH_BYTES or size > _LONGEST:
            raise _refused()
        envelope, length = read(size), read(_LENGTH_BYTES)
        if len(envelope) != size:
            raise _refused()
        place = "more" if length else "last"
        try:
            yield unseal(key, envelope, _context(context, sealing, number, place))
        except EnvelopeRefused:
            raise _refused() from None
        if place == "last":
            return
        number += 1


def _context(context: bytes, sealing: bytes, number: int, place: str) -> bytes:
    return encode("sealed-part", context, sealing, str(number), place)


def _refused() -> EnvelopeRefused:
    return EnvelopeRefused(
        "parts_refused", "wrong key, wrong context, or altered or cut off"
    )
