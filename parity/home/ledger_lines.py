"""The lines of a ledger file: how an entry is written, and how lines are read back.

A line is the tag and the record it is of, byte for byte: one entry has one line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from pseudonymisation.errors import LedgerBroken

_READ_BYTES = 16_384
_TAG_START = '{"tag":"'
_TAG_END = '",'
_TAG_DIGITS = 64


def line(record: str, tag: str) -> bytes:
    """The line of a record and its tag."""
    return f"{_TAG_START}{tag}{_TAG_END}{record[1:]}\n".encode("latin-1")


def parted(written: bytes) -> tuple[str, str]:
    """Record and tag of a line, byte for byte, so that no alteration goes unseen.

    Raises LedgerBroken: ledger_line.
    """
    text = written.decode("latin-1")
    tag_at, tag_ends = len(_TAG_START), len(_TAG_START) + _TAG_DIGITS
    tag = text[tag_at:tag_ends]
    record = "{" + text[tag_ends + len(_TAG_END) :].removesuffix("\n")
    if written != line(record, tag):
        raise LedgerBroken("ledger_line", "the ledger holds a line that is no entry")
    return record, tag


def said(record: str) -> dict[str, Any]:
    """What a record says; number and time have their form."""
    try:
        entry = json.loads(record)
        number, at = int(entry["number"]), datetime.fromisoformat(entry["at"])
    except (ValueError, KeyError, TypeError):
        raise LedgerBroken("ledger_line", "the last line is no entry") from None
    if number < 1 or at.tzinfo is None:
        raise LedgerBroken("ledger_line", "the last line is no entry")
    return dict(entry)


def last_two(file: IO[bytes]) -> tuple[bytes, bytes]:
    """The last line and the one before it; empty where there is none."""
    lines = backwards(file)
    return next(lines, b""), next(lines, b"")


def backwards(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file from the last to the first, each with its line end."""
    place, held = file.seek(0, os.SEEK_END), b""
    while place:
        start = max(0, place - _READ_BYTES)
        file.seek(start)
        held, place = file.read(place - start) + held, start
        lines = _split(held)
        # The first may go on before what was read; it is looked at with that.
        held = lines[0]
        yield from reversed(lines[1:])
    if held:
        yield held


def _split(content: bytes) -> list[bytes]:
    """Lines that end with LF and nothing else."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
