"""The ledger file: one line for each thing done with keys or people, chained and keyed.

What belongs here: reading and appending lines; the chain itself is
pseudonymisation.ledger_chain. An entry says what, when and by which key name or count.
It holds no identifier, no pseudonym and no key; what may stand in it is checked, not
trusted. Whoever acts writes the entry first: no entry, no act. And no entry is put
behind an end that does not hold, so that nothing is done on a ledger that was altered
there, cut off or put back.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from parity.home.ledger_lines import (
    backwards,
    last_two,
    line,
    parted,
    said,
)
from parity.home.private_files import FILE_MODE, check_file
from pseudonymisation.errors import LedgerBroken
from pseudonymisation.ledger_chain import START, Head, next_head, verify

# Names of keys, codes, counts, dates, submission ids. No blank, so no free text.
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{0,80}")
_TEN_DIGITS = re.compile(r"[0-9]{10}")

WENT_BACK = "went_back"

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _End:
    """The end of a chain, and when its last entry was made."""

    head: Head
    at: datetime = _NEVER


class Ledger:
    """The ledger of a home.

    key: the 32-byte ledger key. noted: an end that was noted elsewhere (the keyring
    keeps one); a ledger that does not reach it was cut off or put back.
    """

    def __init__(self, path: Path, key: bytes, noted: Head = START) -> None:
        self._path = path
        self._key = key
        self._noted = noted

    def __repr__(self) -> str:
        return f"<Ledger {self._path.name}>"

    def append(self, event: str, **facts: str | int) -> Head:
        """Add an entry and have it on disk on return; the new end of the chain.

        Raises LedgerBroken when the last entry does not hold or the noted end is not
        reached: nothing is built on that, and so nothing is done either. ValueError for
        a fact that is more than a word, or is ten digits (the shape of an NHS number).

        An entry that is earlier than the one before says so: `clock: went_back`.
        """
        return self._append(event, facts)

    def check_end(self) -> Head:
        """Check the last entry and that the noted end is reached; the end of the chain.

        Quick, whatever the ledger's length; `verify` checks all of it. Raises
        LedgerBroken.
        """
        if not self._path.exists():
            return self._reached(_End(START)).head
        with check_file(self._path).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return self._end_of(file).head

    def newest(self, event: str) -> dict[str, Any] | None:
        """The newest entry of an event as it stands, read from the end; or None."""
        if not self._path.exists():
            return None
        word = f'"event":"{event}"'.encode("ascii")
        with check_file(self._path).open("rb") as file:
            for written in backwards(file):
                if word in written:
                    return dict(json.loads(parted(written)[0]))
        return None

    def verify(self, *checkpoints: Head) -> Head:
        """Check every entry and return the end of the chain. Raises LedgerBroken.

        checkpoints: ends kept elsewhere; without one a cut-off tail cannot be seen.
        """
        return verify(self._key, self._links(), self._noted, *checkpoints)

    def entries(self) -> Iterator[dict[str, object]]:
        """The entries as they stand; `verify` says whether to believe them."""
        for record, _ in self._links():
            yield json.loads(record)

    def _append(
        self, event: str, facts: dict[str, str | int], now: datetime | None = None
    ) -> Head:
        for word in (event, *facts.values()):
            _check_word(word)
        if not self._path.exists():
            self._reached(_End(START))
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, FILE_MODE)
        with os.fdopen(descriptor, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            check_file(self._path)
            before = self._end_of(file)
            size = file.seek(0, os.SEEK_END)
            # Asked while the file is ours: who waited for it is not earlier for that.
            record = _record(before, event, facts, now or datetime.now(UTC))
            head = next_head(self._key, before.head, record)
            written = line(record, head.tag)
            try:
                _write_whole(file.fileno(), written)
                os.fsync(file.fileno())
            except OSError:
                # A full disk must not leave half a line: no key is given after one.
                os.ftruncate(file.fileno(), size)
                raise
        return head

    def _end_of(self, file: IO[bytes]) -> _End:
        """The end of the chain, its last link checked. Raises LedgerBroken."""
        last, former = last_two(file)
        if not last:
            return self._reached(_End(START))
        record, tag = parted(last)
        entry = said(record)
        head = Head(int(entry["number"]), tag)
        before = Head(head.count - 1, parted(former)[1] if former else "")
        made = next_head(self._key, before, record)
        if (before.count == 0) != (former == b"") or not _is_same(made, head):
            raise LedgerBroken(
                "ledger_altered", f"record {head.count}, the last, does not hold"
            )
        return self._reached(_End(head, datetime.fromisoformat(entry["at"])))

    def _reached(self, end: _End) -> _End:
        noted = self._noted
        if end.head.count < noted.count or (
            end.head.count == noted.count and not _is_same(end.head, noted)
        ):
            raise LedgerBroken(
                "ledger_shortened",
                f"the ledger ends at record {end.head.count} and once ended at record "
                f"{noted.count}: cut off, or put back as it was",
            )
        return end

    def _links(self) -> Iterator[tuple[str, str]]:
        if not self._path.exists():
            return
        with check_file(self._path).open("rb") as file:
            for written in file:
                yield parted(written)


def _write_whole(descriptor: int, line: bytes) -> None:
    """Write a line in one call; a short write is a disk that is full."""
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _record(
    before: _End, event: str, facts: dict[str, str | int], now: datetime
) -> str:
    at = now.isoformat(timespec="milliseconds")
    entry: dict[str, object] = {
        "number": before.head.count + 1,
        "at": at,
        "event": event,
        "facts": facts,
    }
    if datetime.fromisoformat(at) < before.at:
        entry["clock"] = WENT_BACK
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=True)


def _is_same(one: Head, other: Head) -> bool:
    same_tag = hmac.compare_digest(one.tag.encode(), other.tag.encode("latin-1"))
    return same_tag and one.count == other.count


def _check_word(word: str | int) -> None:
    if not _WORD.fullmatch(str(word)) or _TEN_DIGITS.fullmatch(str(word)):
        raise ValueError("a ledger entry holds names, codes and counts only")
