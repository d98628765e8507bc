"""Every form in which an identifier might stand, as bytes in small letters.

What belongs here: turning one value into patterns. Digests of it stand in `digests`,
escapes that a text as a whole is written in (percent, HTML, JSON) in `escapes`.
"""

from __future__ import annotations

import re
import struct
from base64 import b32encode
from collections.abc import Iterable, Iterator
from typing import Literal

from parity.vault.scan.digests import base64_cores, digest_forms
from parity.vault.scan.forms import Edge, Form
from parity.vault.scan.needles import Needle, Part
from parity.vault.scan.search import SHORTEST

# Between two cells, and around one: a control character that text does not hold.
CELL = b"\x1e"
# What ends a value in laid-out text: CSV, HTML, a log, a list, JSON and JSON in it.
_DELIMITERS = b"\\,;|\t\r\n\"'<>[](){}=:\0"
_AS_CELLS = bytes.maketrans(_DELIMITERS, CELL * len(_DELIMITERS))
_BLANKS = re.compile(rb" +(?=\x1e)|(?<=\x1e) +")

_SHORTEST_BASE64 = 8
_SHORTEST_PACKED = 6
_SHORTEST_LONGER = 10
_INTEGER_BYTES = 8
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# A no-break space, and how JSON writes it.
_NO_BREAK = ("\u00a0", r"\u00a0")
_NHS_SEPARATORS = (" ", "-", *_NO_BREAK)
_POSTCODE_SEPARATORS = ("", " ", "-", "+", "%20", *_NO_BREAK)
_JOINS = ("", "-", "|", ":", "_", ",")
_BYTE_ORDERS: tuple[Literal["little"], Literal["big"]] = ("little", "big")
# What may follow the digits of a packed decimal: positive, negative, unsigned.
_SIGNS = ("c", "d", "f")
_SIGN_BIT = 1 << 63
_INWARD = 3  # characters of a postcode after its space


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
        *(f for text in _digested(needle) for f in digest_forms(text.encode())),
    ]
    yield from _searchable(made)


def forms_of_word(value: str) -> Iterator[Form]:
    """A short value as the whole of a cell, reversed, and packed when it is digits."""
    low = value.encode().lower()
    made = [Form(as_cells(low), "whole value")]
    if low != low[::-1]:
        made.append(Form(as_cells(low[::-1]), "whole value, reversed"))
    yield from _searchable(made)


def longer_forms_of_word(value: str) -> Iterator[Form]:
    """The encodings that make a short value long enough to stand anywhere."""
    texts = {value, value.lower(), value.upper(), f"{value}\n"}
    made = [form for text in texts for form in digest_forms(text.encode())]
    for case in {value, value.lower(), value.upper()}:
        made.append(Form(case.encode().hex().encode(), "hex"))
        made += _wide_forms(case)
        made += _base32_forms(case.encode())
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
        yield from _wide_forms(text)
        # these keep the difference of capitals that plain text loses here
        for case in {text, text.lower(), text.upper()}:
            yield Form(case.encode().hex().encode(), "hex")
            yield from _base64_forms(case.encode())
            yield from _base32_forms(case.encode())


def _wide_forms(text: str) -> Iterator[Form]:
    """Two and four bytes a character, either end first."""
    for codec in _WIDE:
        yield Form(text.encode(codec).lower(), codec.replace("-", " ").upper())


def _base64_forms(content: bytes) -> Iterator[Form]:
    for skipped in range(3):
        for core in base64_cores(content, skipped):
            if len(core) >= _SHORTEST_BASE64:
                yield Form(core, "base64")


def _base32_forms(content: bytes) -> Iterator[Form]:
    """Whatever stands before and after: five bytes make eight characters."""
    for skipped in range(5):
        text = b32encode(bytes(skipped) + content).rstrip(b"=")
        first = -(-skipped * 8 // 5)
        core = text[first : (skipped + len(content)) * 8 // 5].lower()
        if len(core) >= _SHORTEST_BASE64:
            yield Form(core, "base32")


def _digested(needle: Needle) -> set[str]:
    """What a program might feed to a digest: as spelt, in one case, with a line end."""
    spelt = set(_spellings(needle))
    return {
        *spelt,
        *(text.lower() for text in spelt),
        *(text.upper() for text in spelt),
        f"{needle.value}\n",
    }


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
    """Every byte plus one, as in DuckDB's sort keys, or with its first bit turned."""
    if all(byte < 255 for byte in content):
        yield Form(bytes(byte + 1 for byte in content).lower(), "sort key")
    yield Form(bytes(byte ^ 0x80 for byte in content).lower(), "first bits turned")


def _integer_forms(value: str) -> Iterator[Form]:
    """Eight bytes of a whole number. Only numbers that fill five are told apart."""
    if not (value.isascii() and value.isdigit()):
        return
    yield from _packed_forms(value)
    number = int(value)
    if not (1 << 29) <= number < (1 << 63):
        return
    for order in _BYTE_ORDERS:
        content = number.to_bytes(_INTEGER_BYTES, order)
        yield Form(content.lower(), f"integer, {order} endian")
    turned = (number ^ _SIGN_BIT).to_bytes(_INTEGER_BYTES, "big")
    yield Form(turned.lower(), "integer, sort key")
    for name, shape in (("little", "<d"), ("big", ">d")):
        yield Form(struct.pack(shape, number).lower(), f"float, {name} endian")


def _packed_forms(value: str) -> Iterator[Form]:
    """Two digits a byte and a sign in the last half byte."""
    for sign in _SIGNS:
        content = bytes.fromhex(f"{value}{sign}".rjust(len(value) // 2 * 2 + 2, "0"))
        if len(content) >= _SHORTEST_PACKED:
            yield Form(content.lower(), "packed decimal")


def _searchable(forms: Iterable[Form]) -> Iterator[Form]:
    seen: set[Form] = set()
    for form in forms:
        if len(form.pattern) >= SHORTEST and form not in seen:
            seen.add(form)
            yield form
