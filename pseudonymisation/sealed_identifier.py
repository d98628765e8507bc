"""Identifiers sealed beside their tokens: AES-SIV (RFC 5297) with a 64-byte key.

AES-SIV keeps its promise without a nonce to look after: the same message under the same
key gives the same bytes and nothing else is given away. The token goes in as associated
data, so that a sealed identifier moved beside another token does not open.
"""

from __future__ import annotations

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from pseudonymisation.errors import EnvelopeRefused, KeyRefused
from pseudonymisation.keys import KEY_BYTES, check_key

# One half authenticates, the other encrypts: AES-256 twice.
SIV_KEY_BYTES = 2 * KEY_BYTES


def seal_identifiers(key: bytes, messages: pl.Series, tokens: pl.Series) -> pl.Series:
    """The sealed form (Binary) of each message, bound to its token; no nulls.

    key: 64 bytes. messages, tokens: Binary, of one length.
    """
    cipher = _cipher(key)
    sealed = [
        cipher.encrypt(message, [token])
        for message, token in zip(messages.to_list(), tokens.to_list(), strict=True)
    ]
    return pl.Series("sealed", sealed, dtype=pl.Binary)


def unseal_identifiers(key: bytes, sealed: pl.Series, tokens: pl.Series) -> pl.Series:
    """The message (Binary) of each sealed form.

    Raises EnvelopeRefused, and says no more than that, when one does not open.
    """
    cipher = _cipher(key)
    try:
        messages = [
            cipher.decrypt(each, [token])
            for each, token in zip(sealed.to_list(), tokens.to_list(), strict=True)
        ]
    except (InvalidTag, ValueError):
        raise EnvelopeRefused(
            "identifier_refused", "a sealed identifier does not open"
        ) from None
    return pl.Series("message", messages, dtype=pl.Binary)


def _cipher(key: bytes) -> AESSIV:
    if not isinstance(key, bytes) or len(key) != SIV_KEY_BYTES:
        raise KeyRefused("key_length", "an AES-SIV key is 64 bytes long")
    if check_key(key[:KEY_BYTES]) == check_key(key[KEY_BYTES:]):
        raise KeyRefused("key_repeats", "both halves of the key are the same")
    return AESSIV(key)
