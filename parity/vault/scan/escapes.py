"""Text that is written in escapes, and compressed data that is written as text.

What belongs here: finding such stretches in bytes of any kind and undoing them. Only
the stretch and what stands round it is undone, so that a value that is escaped in part
is whole again, and other data costs nothing.
"""

from __future__ import annotations

import html
import re
import string
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from mmap import mmap
from urllib.parse import unquote_to_bytes

# An escaped value is at most twelve characters for each of its own.
_AROUND = 512
_CELL_TEXT = "utf-8", "surrogateescape"

# Backslashes in front are doubled each time that a text is written into another.
_JSON = re.compile(rb"\\+u(00[0-9a-fA-F]{2})")
_QUOTED = re.compile(rb"=(?:([0-9A-F]{2})|\r?\n)")
_HEXADECIMAL = re.compile(rb"\\+x([0-9a-fA-F]{2})")

# Marks of compressed data and archives as base64 begins to write them: gzip, zip, zstd,
# bzip2, xz, SQLite, Parquet; zlib's four, which are two bytes each, come with a third.
_BASE64 = re.compile(
    rb"[HUKQ/_e](?:4sI|EsD|LUv[/_]|lpo|Td6WF|1FMaXRl|EFSMQ|J[wxyz]|No|AE|F)"
    rb"[A-Za-z0-9+/_-]{12}"
)
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]+(?:\r?\n[A-Za-z0-9+/_-]{4,})*")
_BASE64_BEFORE = frozenset(string.ascii_letters + string.digits + "+/")
_LINE_ENDS = b"\r\n"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_HEX = re.compile(
    rb"[123457fF](?:[fF]8[bB]08|04[bB]0304|8[bB]52[fF]{2}[dD]|25[aA]68|[dD]377[aA]58"
    rb"|3514[cC]697465|0415231|89[cC]|8[dD][aA]|801)(?:[0-9a-fA-F]{2}){12,}"
)


def _code(found: re.Match[bytes]) -> bytes:
    digits = found.group(1)
    return bytes.fromhex(digits.decode("ascii")[-2:]) if digits else b""


def _entities(text: bytes) -> bytes:
    return html.unescape(text.decode(*_CELL_TEXT)).encode(*_CELL_TEXT)


_ESCAPES: tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    ("percent-encoded", re.compile(rb"%[0-9a-fA-F]{2}"), unquote_to_bytes),
    ("HTML entities", re.compile(rb"&#?[0-9a-zA-Z]{1,8};"), _entities),
    (
        "JSON escapes",
        re.compile(rb"\\u00[0-9a-fA-F]{2}"),
        lambda text: _JSON.sub(_code, text),
    ),
    (
        "hex escapes",
        re.compile(rb"\\x[0-9a-fA-F]{2}"),
        lambda text: _HEXADECIMAL.sub(_code, text),
    ),
    ("quoted-printable", _QUOTED, lambda text: _QUOTED.sub(_code, text)),
)


def unescaped(data: bytes | mmap) -> Iterator[tuple[str, bytes, bytes]]:
    """Every stretch that holds an escape: the escape's name, the stretch, undone."""
    for name, escape, undo in _ESCAPES:
        for first, last in _stretches(data, escape):
            stretch = data[first:last]
            text = undo(stretch)
            if text != stretch:
                yield name, stretch, text


def encoded_containers(data: bytes | mmap) -> Iterator[tuple[str, bytes]]:
    """Compressed data and archives that stand in text as base64 or in hex."""
    for mark in _BASE64.finditer(data):
        start = mark.start()
        if chr(data[start - 1]) in _BASE64_BEFORE and start:
            continue  # in the middle of another run
        run = _BASE64_RUN.match(data, start)
        text = run.group().translate(_URL_SAFE, _LINE_ENDS) if run else b""
        whole = text[: len(text) - (len(text) % 4 == 1)]
        yield "base64", urlsafe_b64decode(whole + b"=" * (-len(whole) % 4))
    for found in _HEX.finditer(data):
        yield "hex", bytes.fromhex(found.group().decode("ascii"))


def _stretches(
    data: bytes | mmap, escape: re.Pattern[bytes]
) -> Iterator[tuple[int, int]]:
    """Where escapes stand with what is round them; neighbours are one stretch."""
    first, last = 0, -1
    for found in escape.finditer(data):
        if last < 0:
            first = max(0, found.start() - _AROUND)
        elif found.start() - _AROUND > last:
            yield first, last
            first = found.start() - _AROUND
        last = found.end() + _AROUND
    if last >= 0:
        yield first, last
