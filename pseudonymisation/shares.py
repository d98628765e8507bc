"""A key in two halves, each of which alone says nothing: a one-time pad.

One half is random; the other is the key XORed with it. Whoever has one has 32 random
bytes. Both halves carry the key's check value, so that halves of two different keys are
refused when they are put together.
"""

from __future__ import annotations

import hmac
import secrets

from pseudonymisation.errors import KeyRefused
from pseudonymisation.keys import KEY_BYTES, check_key, check_value

_HALF_BYTES = KEY_BYTES + 8


def split(key: bytes) -> tuple[bytes, bytes]:
    """Two halves of a key, 40 bytes each."""
    check = bytes.fromhex(check_value(key))
    pad = secrets.token_bytes(KEY_BYTES)
    return pad + check, _xor(key, pad) + check


def join(first: bytes, second: bytes) -> bytes:
    """The key of two halves. Raises KeyRefused when they are not of one key."""
    refused = KeyRefused("share_refused", "these are not two halves of one key")
    if len(first) != _HALF_BYTES or len(second) != _HALF_BYTES:
        raise refused
    key = _xor(first[:KEY_BYTES], second[:KEY_BYTES])
    try:
        check = bytes.fromhex(check_value(check_key(key)))
    except KeyRefused:
        raise refused from None
    for half in (first, second):
        if not hmac.compare_digest(half[KEY_BYTES:], check):
            raise refused
    return key


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
