"""The ledger file: what was done to its bytes afterwards is seen."""

from __future__ import annotations

import multiprocessing
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from parity.home import HomeError
from parity.home.ledger import Ledger
from pseudonymisation.errors import LedgerBroken
from pseudonymisation.keys import generate_key
from pseudonymisation.ledger_chain import Head

KEY = generate_key()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    found = Ledger(tmp_path / "ledger.jsonl", KEY)
    for name in ("landed", "warehouse", "vault"):
        found.append("key_given", key=name, process=1)
    return found


def test_entries(ledger: Ledger, tmp_path: Path) -> None:
    """In order, numbered, with their facts; the file is private."""
    entries = list(ledger.entries())
    assert [entry["number"] for entry in entries] == [1, 2, 3]
    assert entries[1]["facts"] == {"key": "warehouse", "process": 1}
    assert ledger.verify().count == 3
    assert stat.S_IMODE((tmp_path / "ledger.jsonl").stat().st_mode) == 0o600
    assert KEY.hex() not in repr(ledger)


def test_no_file_is_an_empty_ledger(tmp_path: Path) -> None:
    """Nothing was done yet."""
    assert Ledger(tmp_path / "none.jsonl", KEY).verify().count == 0


def edit(find: bytes, put: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(find, put, 1)


def lines(*order: int) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(content.splitlines(True)[i] for i in order)


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(edit(b"warehouse", b"warehousf"), id="edited"),
        pytest.param(edit(b'"process":1}', b'"process": 1}'), id="spaced"),
        pytest.param(edit(b'{"tag"', b'{"tag" '), id="frame"),
        pytest.param(edit(b"\n", b"\r\n"), id="line end"),
        pytest.param(lines(0, 2), id="deleted"),
        pytest.param(lines(1, 2), id="first deleted"),
        pytest.param(lines(1, 0, 2), id="swapped"),
        pytest.param(lines(0, 0, 1, 2), id="doubled"),
        pytest.param(lambda content: content + b"\n", id="blank line"),
        pytest.param(lambda content: content + b"{}\n", id="foreign line"),
        pytest.param(lambda content: content[:-1], id="torn"),
    ],
)
def test_tampering(
    ledger: Ledger, tmp_path: Path, tamper: Callable[[bytes], bytes]
) -> None:
    """Every alteration of a byte, every line gone, come or moved."""
    path = tmp_path / "ledger.jsonl"
    altered = tamper(path.read_bytes())
    assert altered != path.read_bytes()
    path.write_bytes(altered)
    with pytest.raises(LedgerBroken):
        ledger.verify()


def test_cut_off_end(ledger: Ledger, tmp_path: Path) -> None:
    """Seen with a checkpoint that was kept elsewhere."""
    seen = ledger.verify()
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(lines(0, 1)(path.read_bytes()))
    assert ledger.verify().count == 2
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        ledger.verify(seen)


@pytest.mark.parametrize(
    "end", [b"torn", b'{"tag":"', b"\n", b'{"tag":"' + b"0" * 64 + b'",x}\n', b"{}\n"]
)
def test_nothing_is_added_to_a_broken_end(
    ledger: Ledger, tmp_path: Path, end: bytes
) -> None:
    """A line that was not finished is not built upon."""
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(path.read_bytes() + end)
    with pytest.raises(LedgerBroken, match="ledger_line"):
        ledger.append("key_given", key="landed")


@pytest.mark.parametrize(
    ("find", "put"),
    [
        pytest.param(b'{"tag":"', b'{"tag":"x', id="the last tag"),
        pytest.param(b"vault", b"vaulx", id="the last record"),
        pytest.param(b'"number":3', b'"number":4', id="the last number"),
        pytest.param(b'"number":3', b'"number":1', id="as if it were the first"),
    ],
)
def test_nothing_is_added_to_an_end_that_does_not_hold(
    ledger: Ledger, tmp_path: Path, find: bytes, put: bytes
) -> None:
    """The last link is checked before the next one is made."""
    path = tmp_path / "ledger.jsonl"
    *first, last = path.read_bytes().splitlines(keepends=True)
    altered = last.replace(find, put)
    if len(altered) > len(last):  # a tag of the same length
        altered = last[:8] + put[-1:] + last[9:]
    path.write_bytes(b"".join([*first, altered]))
    content = path.read_bytes()
    for use in (ledger.check_end, lambda: ledger.append("event")):
        with pytest.raises(LedgerBroken, match="ledger_altered"):
            use()
    assert path.read_bytes() == content


def test_an_end_without_its_beginning_is_no_end(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(lines(2)(path.read_bytes()))
    with pytest.raises(LedgerBroken, match="ledger_altered"):
        ledger.append("event")


def test_a_ledger_that_does_not_reach_a_noted_end(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Too short, or as long and another."""
    path = tmp_path / "ledger.jsonl"
    end = ledger.check_end()
    assert end == ledger.verify()
    assert Ledger(path, KEY, end).append("event").count == 4
    for noted in (Head(5, "0" * 64), Head(4, "0" * 64)):
        knowing = Ledger(path, KEY, noted)
        for use in (knowing.check_end, knowing.verify, partial(knowing.append, "e")):
            with pytest.raises(LedgerBroken, match="ledger_shortened"):
                use()


def test_the_newest_entry_of_an_event(ledger: Ledger) -> None:
    """However far back it lies."""
    for number in range(600):
        ledger.append("event", number=number)
    for event, fact in (("event", {"number": 599}), ("key_given", "vault")):
        found = ledger.newest(event)
        assert found is not None
        assert fact in (found["facts"], found["facts"].get("key"))
    assert ledger.newest("nothing") is None


@pytest.mark.attack(34)
def test_a_clock_that_went_back_is_told(ledger: Ledger) -> None:
    """Time that goes backwards gets a word in the entry that it shows in."""
    at = datetime(2999, 1, 1, tzinfo=UTC)
    ledger._append("event", {}, at)
    ledger._append("event", {}, at)
    ledger.append("event")
    ledger.append("event")
    told = [entry.get("clock") for entry in ledger.entries()]
    assert told == [None] * 5 + ["went_back", None]
    ledger.verify()


@pytest.mark.parametrize(
    "fact",
    [
        "two words",
        "a name@example.org",
        "9990000018",
        9990000018,
        "line\nend",
        "x" * 81,
        "\u00e9",
        '"',
    ],
)
def test_entries_hold_words_and_counts_only(ledger: Ledger, fact: str | int) -> None:
    """No free text, nothing shaped like an NHS number; nor in the refusal."""
    with pytest.raises(ValueError, match="names, codes and counts") as refusal:
        ledger.append("event", fact=fact)
    assert str(fact) not in str(refusal.value)
    assert ledger.verify().count == 3


def test_readable_ledger_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    """Mode 0600 or not at all."""
    (tmp_path / "ledger.jsonl").chmod(0o644)
    with pytest.raises(HomeError, match="mode"):
        ledger.append("event")
    with pytest.raises(HomeError, match="mode"):
        ledger.verify()


def _append_many(path: Path) -> None:
    for _ in range(20):
        Ledger(path, KEY).append("event")


def test_many_processes_keep_one_chain(tmp_path: Path) -> None:
    """Entries of processes that write at once follow one another."""
    path = tmp_path / "ledger.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append_many, args=(path,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert Ledger(path, KEY).verify().count == 60
