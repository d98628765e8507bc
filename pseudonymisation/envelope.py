"""A sealed value: AES-256-GCM (NIST SP 800-38D), bound to what it is for.

    one byte   the version, 1
    12 bytes   a random nonce
    the rest   ciphertext and 16-byte tag

The context is authenticated with the value but not stored: an envelope opens only for
the purpose it was sealed for. Random nonces are safe for 2^32 envelopes under one key
(8.3 of the standard); a key here seals a few thousand at most.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keys import check_key

_VERSION = b"\x01"
_NONCE_BYTES = 12
_SHORTEST = len(_VERSION) + _NONCE_BYTES + 16


def seal(key: bytes, value: bytes, context: bytes) -> bytes:
    """The envelope of a value. context: pseudonymisation.encoding.encode(...)."""
    return _seal(key, value, context, secrets.token_bytes(_NONCE_BYTES))


def unseal(key: bytes, envelope: bytes, context: bytes) -> bytes:
    """The value of an envelope. Raises EnvelopeRefused, and says no more than that."""
    check_key(key)
    if len(envelope) < _SHORTEST or envelope[:1] != _VERSION:
        raise EnvelopeRefused("envelope_form", "this is no envelope of version 1")
    nonce, sealed = envelope[1 : 1 + _NONCE_BYTES], envelope[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, sealed, _VERSION + context)
    except InvalidTag:
        raise EnvelopeRefused(
            "envelope_refused", "wrong key, wrong context or an altered envelope"
        ) from None


def _seal(key: bytes, value: bytes, context: bytes, nonce: bytes) -> bytes:
    sealed = AESGCM(check_key(key)).encrypt(nonce, value, _VERSION + context)
    return _VERSION + nonce + sealed
