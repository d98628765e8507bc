"""An identifier kept sealed beside its token: AES-SIV (RFC 5297) with a 64-byte key.

What is sealed is the very message that the token was made of; the token is its
associated data, so a sealed message moved to another token does not open. AES-SIV needs
no nonce: millions of rows go under one key and nothing can be reused by mistake. It
shows one thing, whether two messages under one key and one token are equal, and the
vault keeps each token once.

    16 bytes   the synthetic initialisation vector, which is also the tag
    the rest   ciphertext, as long as the message

The key is a batch's (pseudonymisation.sealed_box): the home makes it, seals with it and
forgets it.
"""

from __future__ import annotations

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from pseudonymisation.errors import EnvelopeRefused, KeyRefused
from pseudonymisation.keys import KEY_BYTES, check_key

SEALING_KEY_BYTES = 2 * KEY_BYTES
_TAG_BYTES = 16


def seal_identifier(key: bytes, message: bytes, token: bytes) -> bytes:
    """The sealed form of one message: 16 bytes longer than the message."""
    return _cipher(key).encrypt(message, [token])


def seal_identifier_column(
    key: bytes, messages: pl.Series, tokens: pl.Series
) -> pl.Series:
    """The sealed form of each row (Binary), row by row with its token.

    Both series are Binary, equally long and without nulls: a row without an identifier
    has nothing to seal. Raises ValueError otherwise.
    """
    if len(messages) != len(tokens) or messages.has_nulls() or tokens.has_nulls():
        raise ValueError("every message needs its token, and every token its message")
    encrypt = _cipher(key).encrypt
    rows = zip(messages.to_list(), tokens.to_list(), strict=True)
    sealed = [encrypt(message, [token]) for message, token in rows]
    return pl.Series("sealed", sealed, dtype=pl.Binary)


def unseal_identifier(key: bytes, sealed: bytes, token: bytes) -> bytes:
    """The message. Raises EnvelopeRefused, and says no more than that."""
    cipher = _cipher(key)
    try:
        return cipher.decrypt(sealed, [token])
    except InvalidTag:
        raise EnvelopeRefused(
            "sealed_identifier_refused", "wrong key, wrong token or altered"
        ) from None


def _cipher(key: bytes) -> AESSIV:
    """AES-256-SIV: one half of the key authenticates, the other encrypts."""
    if not isinstance(key, bytes) or len(key) != SEALING_KEY_BYTES:
        raise KeyRefused(
            "key_length", f"a sealing key must be {SEALING_KEY_BYTES} bytes"
        )
    if check_key(key[:KEY_BYTES]) == check_key(key[KEY_BYTES:]):
        raise KeyRefused("key_repeats", "the two halves of the key are the same")
    return AESSIV(key)
