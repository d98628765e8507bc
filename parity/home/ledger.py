"""The ledger file: one line for each thing done with keys or people, chained and keyed.

What belongs here: reading and appending lines; the chain itself is
pseudonymisation.ledger_chain. An entry says what, when and by which key name or count.
It holds no identifier, no pseudonym and no key; what may stand in it is checked, not
trusted. Whoever acts writes the entry first: no entry, no act.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from parity.home.private_files import FILE_MODE, check_file
from pseudonymisation.errors import LedgerBroken
from pseudonymisation.ledger_chain import START, Head, next_head, verify

# Names of keys, codes, counts, dates, submission ids. No blank, so no free text.
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{0,80}")
_TEN_DIGITS = re.compile(r"[0-9]{10}")

_LONGEST_LINE = 4096
_TAG_START = '{"tag":"'
_TAG_END = '",'
_TAG_DIGITS = 64


class Ledger:
    """The ledger of a home. key: the 32-byte ledger key."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key

    def __repr__(self) -> str:
        return f"<Ledger {self._path.name}>"

    def append(self, event: str, **facts: str | int) -> Head:
        """Add an entry and have it on disk on return; the new end of the chain.

        Raises LedgerBroken when the file's last line is no entry, ValueError for a fact
        that is more than a word, or is ten digits (the shape of an NHS number).
        """
        return self._append(event, facts, datetime.now(UTC))

    def verify(self, *checkpoints: Head) -> Head:
        """Check every entry and return the end of the chain. Raises LedgerBroken.

        checkpoints: ends kept elsewhere; without one a cut-off tail cannot be seen.
        """
        return verify(self._key, self._links(), *checkpoints)

    def entries(self) -> Iterator[dict[str, object]]:
        """The entries as they stand; `verify` says whether to believe them."""
        for record, _ in self._links():
            yield json.loads(record)

    def _append(self, event: str, facts: dict[str, str | int], now: datetime) -> Head:
        for word in (event, *facts.values()):
            _check_word(word)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, FILE_MODE)
        with os.fdopen(descriptor, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            check_file(self._path)
            before = _last_head(file)
            size = file.seek(0, os.SEEK_END)
            entry = {
                "number": before.count + 1,
                "at": now.isoformat(timespec="milliseconds"),
                "event": event,
                "facts": facts,
            }
            record = json.dumps(entry, separators=(",", ":"), ensure_ascii=True)
            head = next_head(self._key, before, record)
            try:
                _write_whole(file.fileno(), _line(record, head.tag))
                os.fsync(file.fileno())
            except OSError:
                # A full disk must not leave half a line: no key is given after one.
                os.ftruncate(file.fileno(), size)
                raise
        return head

    def _links(self) -> Iterator[tuple[str, str]]:
        if not self._path.exists():
            return
        with check_file(self._path).open("rb") as file:
            for line in file:
                yield _parted(line)


def _write_whole(descriptor: int, line: bytes) -> None:
    """Write a line in one call; a short write is a disk that is full."""
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _line(record: str, tag: str) -> bytes:
    return f"{_TAG_START}{tag}{_TAG_END}{record[1:]}\n".encode("latin-1")


def _parted(line: bytes) -> tuple[str, str]:
    """Record and tag of a line, byte for byte, so that no alteration goes unseen."""
    text = line.decode("latin-1")
    tag_at, tag_ends = len(_TAG_START), len(_TAG_START) + _TAG_DIGITS
    tag = text[tag_at:tag_ends]
    record = "{" + text[tag_ends + len(_TAG_END) :].removesuffix("\n")
    if line != _line(record, tag):
        raise LedgerBroken("ledger_line", "the ledger holds a line that is no entry")
    return record, tag


def _last_head(file: IO[bytes]) -> Head:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return START
    file.seek(max(0, size - _LONGEST_LINE))
    last = file.read().removesuffix(b"\n").rpartition(b"\n")[2]
    file.seek(size - 1)
    record, tag = _parted(last + file.read())
    try:
        return Head(int(json.loads(record)["number"]), tag)
    except (ValueError, KeyError, TypeError):
        raise LedgerBroken("ledger_line", "the last line is no entry") from None


def _check_word(word: str | int) -> None:
    if not _WORD.fullmatch(str(word)) or _TEN_DIGITS.fullmatch(str(word)):
        raise ValueError("a ledger entry holds names, codes and counts only")
