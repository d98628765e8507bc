"""Pseudonyms: HMAC-SHA-256 (FIPS 198-1) of an encoded value under a secret key.

One value goes through `cryptography`: that is the reference. A column goes through
polars-hash, several times as fast; tests hold the two equal on vectors and at random.

The key. polars-hash takes its HMAC key as text. So here, on both paths, the HMAC key is
the 64 ASCII bytes of the 32-byte key in lower-case hex: exactly one block of SHA-256,
with all of the key's 256 bits. To recompute a pseudonym elsewhere, use those 64 bytes.

The length. A token is the whole 32 bytes and stays in the vault. A pseudonym is its
first 16 bytes. With n values under one key the chance that any two collide is about n^2
/ 2^129: for a thousand million people 1.5 in 10^21.

Nothing here can tell an unknown from a value: null stays null, and a blank must have
been made null before (parity.vault does).
"""

from __future__ import annotations

from uuid import UUID

import polars as pl
import polars_hash  # noqa: F401  registers the `chash` functions of polars expressions
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from pseudonymisation.encoding import ColumnPart, Part, encode, encode_column
from pseudonymisation.keys import check_key

PSEUDONYM_BYTES = 16


def token(key: bytes, kind: str, *parts: Part) -> bytes:
    """The 32-byte keyed hash of one value."""
    return _hmac(_hmac_key(key).encode("ascii"), encode(kind, *parts))


def pseudonym(key: bytes, domain: str, *parts: Part) -> bytes:
    """The 16-byte keyed hash of one value."""
    return token(key, domain, *parts)[:PSEUDONYM_BYTES]


def token_column(key: bytes, kind: str, *parts: ColumnPart | Part) -> pl.Expr:
    """The 32-byte keyed hash of each row: Binary, null where any part is null."""
    return hash_column(key, encode_column(kind, *parts))


def hash_column(key: bytes, message: pl.Expr) -> pl.Expr:
    """The 32-byte keyed hash of each row that is encoded already (Binary); null stays.

    message: the bytes of pseudonymisation.encoding.encode, and of nothing else.
    """
    return _hex_hmac_column(key, message).str.decode("hex")


def pseudonym_column(key: bytes, domain: str, *parts: ColumnPart | Part) -> pl.Expr:
    """The 16-byte keyed hash of each row: Binary, null where any part is null."""
    digits = _hex_hmac_column(key, encode_column(domain, *parts))
    return digits.str.head(2 * PSEUDONYM_BYTES).str.decode("hex")


def uuid_text(value: bytes) -> str:
    """A pseudonym as lower-case hyphenated UUID text: all 128 bits, no version bits."""
    return str(UUID(bytes=value))


def uuid_text_column(expression: pl.Expr) -> pl.Expr:
    """A column of pseudonyms (Binary, 16 bytes) as UUID text; null stays null."""
    return _hyphenated(expression.bin.encode("hex"))


def pseudonym_text_column(
    key: bytes, domain: str, *parts: ColumnPart | Part
) -> pl.Expr:
    """uuid_text_column of pseudonym_column, without going through bytes."""
    return _hyphenated(_hex_hmac_column(key, encode_column(domain, *parts)))


def _hmac_key(key: bytes) -> str:
    return check_key(key).hex()


def _hmac(hmac_key: bytes, message: bytes) -> bytes:
    """RFC 2104 as it stands; apart so that its published vectors can be run."""
    mac = HMAC(hmac_key, SHA256())
    mac.update(message)
    return mac.finalize()


def _hyphenated(digits: pl.Expr) -> pl.Expr:
    """The first 32 hex digits in the groups of a UUID.

    Five slices of one expression would be five HMACs a row wherever polars does not
    find common expressions (eager calls): a field of a struct is worked out once.
    """
    groups = [(0, 8), (8, 4), (12, 4), (16, 4), (20, 12)]
    text = pl.concat_str(
        [pl.field("digits").str.slice(*group) for group in groups], separator="-"
    )
    fields = pl.struct(digits=digits).struct.with_fields(text=text)
    return fields.struct.field("text")


def _hex_hmac_column(key: bytes, message: pl.Expr) -> pl.Expr:
    """The expression holds the key: run it, never store or serialise it."""
    return message.chash.hmac_sha256(key=_hmac_key(key))  # type: ignore[attr-defined,no-any-return]
