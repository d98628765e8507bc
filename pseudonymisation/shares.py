"""A secret cut in two: each share alone is random, both together are the secret.

One share is a random pad, the other the secret with the pad taken from it (exclusive
or). Either may be lost to an attacker. With three custodians, cut the secret once for
every pair of them.

    one byte   the version, 1
    one byte   the number of the share, 1 or 2
    16 bytes   the check value of the secret, the same in both
    32 bytes   the share

The check value is keyed by the secret itself (a token of the fixed word "share-check"):
it shows that two shares belong together, and to whoever has not got both it is as
random as the rest. So a wrong, altered or foreign share is refused and no wrong secret
is ever used.
"""

from __future__ import annotations

import hmac
import secrets

from pseudonymisation.errors import KeyRefused, ShareRefused
from pseudonymisation.keyed_hash import token
from pseudonymisation.keys import KEY_BYTES, check_key

_HEADS = (b"\x01\x01", b"\x01\x02")
_HEAD_BYTES = 2
_CHECK_BYTES = 16
SHARE_BYTES = _HEAD_BYTES + _CHECK_BYTES + KEY_BYTES


def split(secret: bytes) -> tuple[bytes, bytes]:
    """Two shares of a 32-byte secret. Raises KeyRefused for a weak one."""
    return _split(secret, secrets.token_bytes(KEY_BYTES))


def join(one: bytes, other: bytes) -> bytes:
    """The secret of two shares, in either order. Raises ShareRefused."""
    first, second = sorted((one, other))
    if [share[:_HEAD_BYTES] for share in (first, second)] != list(_HEADS):
        raise ShareRefused("share_pair", "these are not a first and a second share")
    if {len(first), len(second)} != {SHARE_BYTES}:
        raise ShareRefused("share_length", "a share is not as long as shares are")
    secret = _exclusive_or(_content(first), _content(second))
    if not _belongs(secret, _check(first)) or not _belongs(secret, _check(second)):
        raise ShareRefused("share_refused", "these shares do not belong together")
    return secret


def _split(secret: bytes, pad: bytes) -> tuple[bytes, bytes]:
    check = _check_value(secret)
    other = _exclusive_or(check_key(secret), check_key(pad))
    return _HEADS[0] + check + pad, _HEADS[1] + check + other


def _belongs(secret: bytes, check: bytes) -> bool:
    try:
        return hmac.compare_digest(_check_value(secret), check)
    except KeyRefused:  # what two foreign shares give need not be a key
        return False


def _check_value(secret: bytes) -> bytes:
    return token(secret, "share-check")[:_CHECK_BYTES]


def _check(share: bytes) -> bytes:
    return share[_HEAD_BYTES : _HEAD_BYTES + _CHECK_BYTES]


def _content(share: bytes) -> bytes:
    return share[_HEAD_BYTES + _CHECK_BYTES :]


def _exclusive_or(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
