"""Every form in which an identifier might stand, as bytes in small letters.

What belongs here: turning one value into patterns. Digests are looked for by their
first 128 bits, so that a truncated one, or one that was made a UUID, is found too.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import duckdb

from parity.vault.scan.needles import Needle, Part
from parity.vault.scan.search import SHORTEST

Edge = Literal["any", "digit", "letter_or_digit"]

# Between two cells, and around one: a control character that text does not hold.
CELL = b"\x1e"
# What ends a value in laid-out text: CSV, HTML, a log, a list, JSON and JSON in it.
_DELIMITERS = b"\\,;|\t\r\n\"'<>[](){}=:\0"
_AS_CELLS = bytes.maketrans(_DELIMITERS, CELL * len(_DELIMITERS))
_BLANKS = re.compile(rb" +(?=\x1e)|(?<=\x1e) +")

_DIGEST_BYTES = 16
_SHORTEST_BASE64 = 8
_SHORTEST_LONGER = 10
_INTEGER_BYTES = 8
_UTF_16 = ("le", "be")
# A no-break space, and how JSON writes it.
_NO_BREAK = ("\u00a0", r"\u00a0")
_NHS_SEPARATORS = (" ", "-", *_NO_BREAK)
_POSTCODE_SEPARATORS = ("", " ", "-", "+", "%20", *_NO_BREAK)
_JOINS = ("", "-", "|")
_BYTE_ORDERS: tuple[Literal["little"], Literal["big"]] = ("little", "big")
_DIGESTS = ("md5", "sha1", "sha256")
_INWARD = 3  # characters of a postcode after its space


@dataclass(frozen=True)
class Form:
    """A pattern, the name of its encoding, and what may not stand beside it."""

    pattern: bytes
    encoding: str
    edge: Edge = "any"


def as_cells(data: bytes) -> bytes:
    """Text with every value of it a cell, blanks around it gone."""
    return _BLANKS.sub(b"", CELL + data.translate(_AS_CELLS) + CELL)


def forms_of_needle(needle: Needle) -> Iterator[Form]:
    """Every form of a needle that is long enough to be searched for."""
    edge = _edge(needle)
    made = [
        *_plain_forms(needle, edge),
        *_shifted_forms(needle.value.encode()),
        *_integer_forms(needle.value),
        *(f for text in _spellings(needle) for f in digest_forms(text.encode())),
    ]
    yield from _searchable(made)


def forms_of_word(value: str) -> Iterator[Form]:
    """A short value as the whole of a cell, and reversed."""
    low = value.encode().lower()
    made = [Form(as_cells(low), "whole value")]
    if low != low[::-1]:
        made.append(Form(as_cells(low[::-1]), "whole value, reversed"))
    yield from _searchable(made)


def longer_forms_of_word(value: str) -> Iterator[Form]:
    """The encodings that make a short value long enough to stand anywhere."""
    made = [*digest_forms(value.encode())]
    for case in {value, value.lower(), value.upper()}:
        made.append(Form(case.encode().hex().encode(), "hex"))
        for order in _UTF_16:
            content = case.encode(f"utf-16-{order}").lower()
            made.append(Form(content, f"UTF-16 {order.upper()}"))
    yield from (f for f in _searchable(made) if len(f.pattern) >= _SHORTEST_LONGER)


def forms_of_joined(parts: Part) -> Iterator[Form]:
    """Unkeyed digests of several values joined, in the order given."""
    for join in _JOINS:
        for form in digest_forms(join.join(parts).encode()):
            yield Form(form.pattern, f"joined, {form.encoding}")


def forms_of_date(value: str) -> Iterator[Form]:
    """A date (YYYY-MM-DD) as people and programs write it."""
    year, month, day = value.split("-")
    for text in (value, f"{year}{month}{day}", f"{day}/{month}/{year}"):
        yield Form(text.encode(), "plain", "digit")


def forms_of_number(value: str) -> Iterator[Form]:
    """A number of a few digits: as the whole of a cell, or with `.0` behind it."""
    for text in {value, str(int(value))}:
        yield from forms_of_word(text)
        yield from forms_of_word(f"{text}.0")


def engine_hashes(values: Iterable[str]) -> list[tuple[str, Form]]:
    """DuckDB's own hash() of each value, unkeyed as well: (value, form)."""
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            "select v, hash(v)::varchar from unnest($1::varchar[]) as t(v)",
            [list(values)],
        ).fetchall()
    return [(v, Form(h.encode(), "DuckDB hash", "digit")) for v, h in rows]


def digest_forms(content: bytes) -> Iterator[Form]:
    """MD5, SHA-1 and SHA-256 of the content: hex, UUID, base64 and raw bytes."""
    for name in _DIGESTS:
        digest = hashlib.new(name, content, usedforsecurity=False).digest()
        start = digest[:_DIGEST_BYTES]
        yield Form(start.hex().encode(), f"{name}, hex")
        yield Form(str(UUID(bytes=start)).encode(), f"{name}, UUID")
        yield Form(start.lower(), f"{name}, raw")
        for core in _base64_cores(digest, 0):
            yield Form(core, f"{name}, base64")


def _edge(needle: Needle) -> Edge:
    """What may not touch the value, so that it is not seen inside another one."""
    if needle.shape == "postcode":
        return "letter_or_digit"
    return "digit" if needle.value.isdigit() else "any"


def _plain_forms(needle: Needle, edge: Edge) -> Iterator[Form]:
    for text in _spellings(needle):
        low = text.encode().lower()
        yield Form(low, "plain" if text == needle.value else "plain, respelt", edge)
        if low != low[::-1]:
            yield Form(low[::-1], "reversed", edge)
        for order in _UTF_16:
            content = text.encode(f"utf-16-{order}").lower()
            yield Form(content, f"UTF-16 {order.upper()}")
        # hex and base64 keep the difference of capitals that plain text loses here
        for case in {text, text.lower(), text.upper()}:
            yield Form(case.encode().hex().encode(), "hex")
            for skipped in range(3):
                for core in _base64_cores(case.encode(), skipped):
                    if len(core) >= _SHORTEST_BASE64:
                        yield Form(core, "base64")


def _spellings(needle: Needle) -> tuple[str, ...]:
    """The value as submitted first, then as other people would write it."""
    value = needle.value
    if needle.shape == "nhs_number":
        groups = (value[:3], value[3:6], value[6:])
        return (value, *(s.join(groups) for s in _NHS_SEPARATORS))
    if needle.shape == "postcode":
        bare = value.replace(" ", "")
        parts = (bare[:-_INWARD], bare[-_INWARD:])
        spelt = (s.join(parts) for s in _POSTCODE_SEPARATORS)
        return (value, *(text for text in spelt if text != value))
    return (value,)


def _shifted_forms(content: bytes) -> Iterator[Form]:
    """Every byte plus one: how DuckDB stores text in its sort keys and indexes."""
    if all(byte < 255 for byte in content):
        yield Form(bytes(byte + 1 for byte in content).lower(), "sort key")


def _integer_forms(value: str) -> Iterator[Form]:
    """Eight bytes of a whole number. Only numbers that fill five are told apart."""
    if not (value.isascii() and value.isdigit()):
        return
    number = int(value)
    if (1 << 29) <= number < (1 << 63):
        for order in _BYTE_ORDERS:
            content = number.to_bytes(_INTEGER_BYTES, order)
            yield Form(content.lower(), f"integer, {order} endian")


def _base64_cores(content: bytes, skipped: int) -> set[bytes]:
    """The characters that do not depend on what stands before and after.

    skipped: how many bytes of a group of three come before the content. In both
    alphabets, the one for file names and addresses too (RFC 4648), in small letters.
    """
    text = b64encode(bytes(skipped) + content).rstrip(b"=")
    first = -(-skipped * 8 // 6)
    last = (skipped + len(content)) * 8 // 6
    core = text[first:last].lower()
    return {core, core.translate(bytes.maketrans(b"+/", b"-_"))}


def _searchable(forms: Iterable[Form]) -> Iterator[Form]:
    seen: set[Form] = set()
    for form in forms:
        if len(form.pattern) >= SHORTEST and form not in seen:
            seen.add(form)
            yield form
