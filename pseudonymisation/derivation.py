"""Many keys from one: HKDF-SHA-256 (RFC 5869) with a label for what a key is for.

The label is a list of words, encoded injectively, so that ("ab", "c") and ("a", "bc")
are two keys. The input key is uniformly random, so no salt is needed for its strength
(RFC 5869, section 3.1); the label goes into `info`. Whoever holds one derived key
learns nothing of the others.

A salt, where there is one, is a second secret: the key of an epoch. Then both are
needed, and whoever destroys the salt destroys everything derived with it, although the
first key lives on. No salt is 32 zero bytes in RFC 5869, which `check_key` refuses, so
no key derived with a salt equals one without.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pseudonymisation.encoding import encode
from pseudonymisation.keys import KEY_BYTES, check_key


def derive(key: bytes, *label: str, salt: bytes | None = None) -> bytes:
    """The 32-byte key for a label, for example ("warehouse", "person").

    salt: a second secret key of 32 bytes, without which the result cannot be had.
    """
    if salt is not None:
        check_key(salt)
    return hkdf(check_key(key), salt, encode("derived-key", *label), KEY_BYTES)


def hkdf(key: bytes, salt: bytes | None, info: bytes, length: int) -> bytes:
    """RFC 5869 as it stands: for its published vectors and for other lengths."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)
