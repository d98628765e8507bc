"""A key from a passphrase: scrypt (RFC 7914), slow and memory-hard on purpose.

A passphrase is guessed by trying; each try must cost. The parameters are stored beside
what they protect, so that they can grow; fewer than the least below are refused,
because a file that asks for less was altered or made by something else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pseudonymisation.errors import KeyRefused
from pseudonymisation.keys import KEY_BYTES

_LEAST_COST = 2**15  # 32 MiB and about 0.1 s a try on one core
_MOST_COST = 2**20  # 1 GiB: more is an attack on our memory
_SALT_BYTES = 16


@dataclass(frozen=True)
class Cost:
    """Parameters of scrypt. n: CPU and memory cost, a power of two; salt: 16 bytes."""

    salt: bytes
    n: int = 2**16
    r: int = 8
    p: int = 1


def new_cost(n: int = 2**16) -> Cost:
    """Parameters with a fresh salt."""
    return Cost(salt=secrets.token_bytes(_SALT_BYTES), n=n)


def key_from_passphrase(passphrase: bytes, cost: Cost) -> bytes:
    """The 32-byte key of a passphrase. Raises KeyRefused for weak parameters."""
    is_power_of_two = cost.n & (cost.n - 1) == 0
    if not (_LEAST_COST <= cost.n <= _MOST_COST and is_power_of_two):
        raise KeyRefused("scrypt_cost", "the scrypt cost is out of bounds")
    if (cost.r, cost.p) != (8, 1) or len(cost.salt) != _SALT_BYTES:
        raise KeyRefused("scrypt_parameters", "unusual scrypt parameters")
    if not passphrase:
        raise KeyRefused("passphrase_blank", "the passphrase is blank")
    return _scrypt(passphrase, cost.salt, cost.n, cost.r, cost.p, KEY_BYTES)


def _scrypt(passphrase: bytes, salt: bytes, n: int, r: int, p: int, size: int) -> bytes:
    """RFC 7914 as it stands; apart so that its published vectors can be run."""
    return Scrypt(salt=salt, length=size, n=n, r=r, p=p).derive(passphrase)
