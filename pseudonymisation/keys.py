"""What a good key is, where it comes from, how to recognise it without showing it.

A key is 32 bytes of the operating system's generator. `check_key` is the one gate:
every function that takes a key passes it through here first. It cannot prove
randomness, only refuse what no generator would give; the refusals stand below, one
reason each.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from pseudonymisation.errors import KeyRefused

KEY_BYTES = 32

# 32 random bytes hold 30 distinct ones on average. Fewer than 18 come with a chance of
# 10^-13: what looks like that was made by a hand, or sixteen bytes were used twice.
_FEWEST_DISTINCT_BYTES = 18

_CHECK_VALUE_BYTES = 8


def generate_key() -> bytes:
    """A new key: 32 bytes from the operating system's generator."""
    return check_key(secrets.token_bytes(KEY_BYTES))


def check_key(key: bytes) -> bytes:
    """Return the key, or raise KeyRefused when it is weak.

    Refused: anything but 32 bytes; few distinct bytes (all zero, one byte repeated, a
    short pattern); bytes in arithmetic progression (counting up, down, by a step);
    bytes that are all printable text (a passphrase, or hex that was not decoded).
    """
    if not isinstance(key, bytes):
        raise KeyRefused("key_not_bytes", "a key must be bytes")
    if len(key) != KEY_BYTES:
        raise KeyRefused("key_length", f"a key must be {KEY_BYTES} bytes long")
    if len(set(key)) < _FEWEST_DISTINCT_BYTES:
        raise KeyRefused("key_repeats", "the key repeats itself")
    if _has_constant_step(key):
        raise KeyRefused("key_counts", "the key counts")
    if _is_text(key):
        raise KeyRefused("key_is_text", "the key is text, not random bytes")
    return key


def check_value(key: bytes) -> str:
    """Sixteen hex digits by which a key is recognised and from which it cannot be had.

    HMAC under the key itself of a fixed label that no encoding starts with
    (pseudonymisation.encoding), so it equals no pseudonym, token or derived key.
    """
    mac = HMAC(check_key(key), SHA256())
    mac.update(b"parity key check value 1")
    return mac.finalize()[:_CHECK_VALUE_BYTES].hex()


def _has_constant_step(key: bytes) -> bool:
    """Whether the bytes, taken singly or in alternation, grow by one constant step.

    A stride of two catches 16-bit counters (0001 0002 ...), which a stride of one
    misses.
    """
    return any(
        len({(b - a) % 256 for a, b in zip(key, key[stride:], strict=False)}) == 1
        for stride in (1, 2)
    )


def _is_text(key: bytes) -> bool:
    """Whether every byte is printable ASCII or a line end: chance under 10^-13."""
    return all(32 <= byte < 127 or byte in b"\t\r\n" for byte in key)
