"""Many keys from one: HKDF-SHA-256 (RFC 5869) with a label for what a key is for.

The label is a list of words, encoded injectively, so that ("ab", "c") and ("a", "bc")
are two keys. The input key is uniformly random, so no salt is needed (RFC 5869, section
3.1); the label goes into `info`. Whoever holds one derived key learns nothing of the
others.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pseudonymisation.encoding import encode
from pseudonymisation.keys import KEY_BYTES, check_key


def derive(key: bytes, *label: str) -> bytes:
    """The 32-byte key for a label, for example ("warehouse", "person", "epoch-1")."""
    return _hkdf(check_key(key), None, encode("derived-key", *label), KEY_BYTES)


def _hkdf(key: bytes, salt: bytes | None, info: bytes, length: int) -> bytes:
    """RFC 5869 as it stands; apart so that its published vectors can be run."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)
