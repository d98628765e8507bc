"""A kind and its parts as bytes, in such a way that two things never look alike.

Keys, labels and hashed values are made of parts that other people choose. Joined
plainly, ("12", "3") and ("1", "23") are the same bytes. Here every part carries its
type and its length before it, so that the bytes can be read back in one way only:

    parity:1:                                  the version of this encoding
    t<length>:<bytes>  or  b<length>:<bytes>   once for the kind, once for each part

`t` is text in UTF-8, `b` is raw bytes (a token). The length counts bytes, in decimal
ASCII. Text is taken as it is: not trimmed, not case-folded, not Unicode-normalised; two
spellings are two values. Canonical forms are made before (pseudonymisation.canonical).

`encode` is the reference; `encode_column` builds the same bytes for every row. A null
part makes the row null: nothing is ever hashed for "unknown".
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pseudonymisation.errors import EncodingRefused

_VERSION = b"parity:1:"
_LONGEST_HEAD = 20

Part = str | bytes


@dataclass(frozen=True)
class ColumnPart:
    """A part that differs by row, already written with its type and length (Binary)."""

    encoded: pl.Expr


def encode(kind: str, *parts: Part) -> bytes:
    """The bytes of a kind and its parts.

    Raises EncodingRefused for text that has no UTF-8 form (a lone surrogate).
    """
    return _VERSION + b"".join(_item(part) for part in (kind, *parts))


def decode(encoded: bytes) -> tuple[str, tuple[Part, ...]]:
    """Kind and parts of what `encode` made. Raises EncodingRefused for other bytes."""
    refused = EncodingRefused("not_encoded", "these bytes are not of this encoding")
    if not encoded.startswith(_VERSION):
        raise refused
    parts: list[Part] = []
    rest = encoded[len(_VERSION) :]
    while rest:
        head, colon, tail = rest.partition(b":")
        is_count = head[1:].isdigit() and len(head) <= _LONGEST_HEAD
        length = int(head[1:]) if is_count else len(tail) + 1
        if not colon or length > len(tail):
            raise refused
        parts.append(_part(head[:1], tail[:length], refused))
        rest = tail[length:]
    match parts:
        # Made again, it must be the same: one thing has one encoding.
        case [str(kind), *others] if encode(kind, *others) == encoded:
            return kind, tuple(others)
    raise refused


def encode_column(kind: str, *parts: ColumnPart | Part) -> pl.Expr:
    """The same bytes for each row (Binary); null where any part is null."""
    encoded = pl.lit(encode(kind))
    for part in parts:
        item = part.encoded if isinstance(part, ColumnPart) else pl.lit(_item(part))
        encoded = encoded + item
    return encoded


def text_part(expression: pl.Expr) -> ColumnPart:
    """A text part from a String expression."""
    item = _head_column("t", expression.str.len_bytes()) + expression
    return ColumnPart(item.cast(pl.Binary))


def bytes_part(expression: pl.Expr) -> ColumnPart:
    """A raw part from a Binary expression."""
    head = _head_column("b", expression.bin.size())
    return ColumnPart(head.cast(pl.Binary) + expression)


def _part(tag: bytes, content: bytes, refused: EncodingRefused) -> Part:
    if tag == b"b":
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise refused from None


def _item(part: Part) -> bytes:
    if isinstance(part, bytes):
        return b"b%d:%b" % (len(part), part)
    try:
        written = part.encode("utf-8")
    except UnicodeEncodeError:
        raise EncodingRefused("not_unicode", "text that is not Unicode") from None
    return b"t%d:%b" % (len(written), written)


def _head_column(tag: str, length: pl.Expr) -> pl.Expr:
    # Joined with `+`: twice as fast as concat_str.
    return pl.lit(tag) + length.cast(pl.String) + pl.lit(":")
