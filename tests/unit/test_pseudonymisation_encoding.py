"""The encoding: two different things never have the same bytes."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymisation.encoding import (
    Part,
    bytes_part,
    decode,
    encode,
    encode_column,
    text_part,
)
from pseudonymisation.errors import EncodingRefused

PARTS = st.lists(st.text(max_size=12) | st.binary(max_size=12), max_size=4)


def read_back(encoded: bytes) -> list[Part]:
    """Read kind and parts back, by the description in the module, in one way only."""
    assert encoded.startswith(b"parity:1:")
    rest, parts = encoded.removeprefix(b"parity:1:"), []
    while rest:
        head = re.match(rb"([tb])(0|[1-9][0-9]*):", rest)
        assert head is not None
        end = head.end() + int(head[2])
        content, rest = rest[head.end() : end], rest[end:]
        parts.append(content.decode() if head[1] == b"t" else content)
    return parts


@pytest.mark.attack(19)
@given(st.text(max_size=12), PARTS)
@settings(max_examples=200, deadline=None)
def test_can_be_read_back(kind: str, parts: list[Part]) -> None:
    """What can be read back in one way is injective: no two share their bytes."""
    assert read_back(encode(kind, *parts)) == [kind, *parts]
    assert decode(encode(kind, *parts)) == (kind, tuple(parts))


@pytest.mark.attack(19)
@pytest.mark.attack(19)
@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"parity:1:",
        b"parity:2:t1:k",
        b"parity:1:b1:k",
        b"parity:1:t1:",
        b"parity:1:t2:k",
        b"parity:1:t1:kt",
        b"parity:1:t1:kt:a",
        b"parity:1:t1:kt01:a",
        b"parity:1:t1:kt+1:a",
        b"parity:1:t1:kt 1:a",
        b"parity:1:t1:kt1_0:aaaaaaaaaa",
        b"parity:1:t1:kt\xd9\xa1:a",
        b"parity:1:t1:kx1:a",
        b"parity:1:t1:kT1:a",
        b"parity:1:t1:kt1:\xff",
        b"parity:1:t1:kt3:\xed\xa0\x80",
        b"parity:1:t1:kt1:aa",
        b"parity:1:t1:kt99999999999999999999:a",
        b" parity:1:t1:k",
    ],
)
def test_other_bytes_are_not_read(other: bytes) -> None:
    """One thing has one encoding; what is nearly one is refused, and not shown."""
    with pytest.raises(EncodingRefused, match="these bytes are not") as refusal:
        decode(other)
    assert refusal.value.code == "not_encoded"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("k", "12", "3"), ("k", "1", "23")),
        (("k", "ab", "c"), ("k", "a", "bc")),
        (("k", "abc"), ("k", "abc", "")),
        (("k",), ("k", "")),
        (("k", "a"), ("k", b"a")),
        (("ka",), ("k", "a")),
        (("k", "1:t1:a"), ("k", "1", "a")),
        (("k", "\u00e9"), ("k", "e\u0301")),
        (("k", "a"), ("k", "A")),
        (("k", "a"), ("k", "a ")),
    ],
)
def test_neighbours_differ(one: tuple[Part, ...], other: tuple[Part, ...]) -> None:
    """Ambiguous joins, types, Unicode forms, case and blanks all stay apart."""
    assert encode(*one) != encode(*other)  # type: ignore[arg-type]


def test_length_counts_bytes() -> None:
    """Two characters, three and four bytes of UTF-8."""
    encoded = encode("k", "\u20ac\U0001d4b3")
    assert encoded == b"parity:1:t1:kt7:\xe2\x82\xac\xf0\x9d\x92\xb3"


@given(st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=12)), max_size=20))
@settings(max_examples=50, deadline=None)
def test_column_equals_reference(rows: list[tuple[str, bytes]]) -> None:
    """Every row of a column has the bytes that one value has."""
    schema = {"text": pl.String, "raw": pl.Binary}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    columns = text_part(pl.col("text")), bytes_part(pl.col("raw"))
    found = frame.select(encode_column("k", "same", *columns, b"\xff").alias("encoded"))
    wanted = [encode("k", "same", text, raw, b"\xff") for text, raw in rows]
    assert found.get_column("encoded").to_list() == wanted


def test_null_part_makes_null() -> None:
    """An unknown part leaves nothing to hash."""
    frame = pl.DataFrame({"a": ["x", None], "b": [None, "y"]})
    columns = text_part(pl.col("a")), text_part(pl.col("b"))
    assert frame.select(encode_column("k", *columns)).to_series().null_count() == 2


def test_text_without_utf8_form() -> None:
    """A lone surrogate is refused, and not shown."""
    with pytest.raises(EncodingRefused) as refusal:
        encode("k", "secret\ud800")
    assert "secret" not in str(refusal.value)
