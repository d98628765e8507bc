"""Many keys from one: HKDF-SHA-256 (RFC 5869) with a label for what a key is for.

The label is a list of words, encoded injectively, so that ("ab", "c") and ("a", "bc")
are two keys. The input key is uniformly random, so no salt is needed (RFC 5869, section
3.1); the label goes into `info`. Whoever holds one derived key learns nothing of the
others. A second key may go in as the salt: then both are needed, and once the second is
destroyed nobody can derive its keys again.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pseudonymisation.encoding import encode
from pseudonymisation.keys import KEY_BYTES, check_key


def derive(key: bytes, *label: str, salt: bytes | None = None) -> bytes:
    """The 32-byte key for a label, for example ("warehouse", "person").

    salt: a second key, 32 bytes, such as an epoch's. Raises KeyRefused.
    """
    if salt is not None:
        check_key(salt)
    return _hkdf(check_key(key), salt, encode("derived-key", *label), KEY_BYTES)


def derive_from_secret(secret: bytes, size: int, use: str, *bound: bytes) -> bytes:
    """A key of `size` bytes from an agreed secret (X25519), for one use.

    bound: public bytes that the key is to depend on too, such as both public keys.
    """
    return _hkdf(secret, None, encode("agreed-key", use, *bound), size)


def _hkdf(key: bytes, salt: bytes | None, info: bytes, length: int) -> bytes:
    """RFC 5869 as it stands; apart so that its published vectors can be run."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)
