"""Files written anew: what is refused leaves everything as it was.

Rotation over whole homes and crashes stand in tests/end_to_end/test_rotation*.py.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from rewriting_support import (
    PEOPLE,
    PERSONS,
    check_unchanged,
    landed,
    persons,
    refused,
    rewriting_home,
)

from parity.home import Home, HomeError
from parity.home.keyring import Keyring
from parity.home.private_files import own_path, write_private
from parity.home.unlock import open_keyring
from parity.rewriting import (
    Copy,
    RewritingError,
    Stored,
    resume_rewriting,
    rewrite,
    rewrite_landed,
)
from parity.rewriting.document import Document, document_file, draft_file
from parity.rewriting.journal import (
    Journal,
    Versions,
    journal_file,
    write_journal,
)
from pseudonymisation.keys import generate_key


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return rewriting_home(tmp_path)


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


def test_the_same_rows_under_another_key(home: Home, keyring: Keyring) -> None:
    former = keyring.key("landed")
    counts = rewrite_landed(home, keyring, Copy(), "test")
    assert counts["landed_rows"] == 7
    assert persons(home, keyring) == PEOPLE
    assert keyring.key("landed") != former
    with pytest.raises(HomeError, match="does not open"):
        landed(home, former)


@pytest.mark.attack(10)
def test_spill_is_emptied_but_for_those_who_read_just_now(
    home: Home, keyring: Keyring
) -> None:
    """Also what a killed intake opened there, under any name."""
    left = [home.spill / name for name in ("tmp1", "spill-999999999-1-1", "a-b-c-d")]
    reading = own_path(home.spill, "spill")
    for folder in (*left, reading):
        folder.mkdir(mode=0o700)
        (folder / "file").write_bytes(b"")
    (home.spill / "file").write_bytes(b"")
    rewrite_landed(home, keyring, Copy(), "test")
    assert list(home.spill.iterdir()) == [reading]


def test_constraints_are_kept(home: Home, keyring: Keyring) -> None:
    rewrite_landed(home, keyring, Copy(), "test")
    with landed(home, keyring.key("landed")) as connection:
        insert = "insert into landed.receipts.receipt values (1, $1, now())"
        connection.execute(insert, [uuid4()])
        with pytest.raises(duckdb.ConstraintException):
            connection.execute(insert, [uuid4()])


def test_the_ledger_tells_begin_and_end(home: Home, keyring: Keyring) -> None:
    rewrite_landed(home, keyring, Copy(), "test")
    events = [str(entry["event"]) for entry in keyring.ledger().entries()]
    told = events[events.index("rewriting_begun") :]
    assert told[-1] == "rewriting_done"
    assert told.index("key_prepared") < told.index("key_activated")
    assert told.index("key_activated") < told.index("key_destroyed")


def test_a_file_that_is_not_there_is_left_out(home: Home, keyring: Keyring) -> None:
    """Its key is renewed all the same."""
    rewrite(home, keyring, {"vault": Copy(), "landed": Copy()}, "test")
    assert keyring.version("vault") == 2
    assert not home.vault_file.exists()
    assert persons(home, keyring) == PEOPLE


@pytest.mark.parametrize("state", ["deactivate", "compromise"])
def test_what_a_laid_down_key_protects_can_leave_it(
    home: Home, keyring: Keyring, state: str
) -> None:
    """Also one that others may know, and whose period of reading is over."""
    getattr(keyring, state)("landed", 1)
    rewrite_landed(home, keyring, Copy(), "test")
    assert persons(home, keyring) == PEOPLE
    assert keyring.record("landed", 1).state == "destroyed"


@pytest.mark.attack(10)
def test_what_a_killed_process_committed_comes_along(
    home: Home, keyring: Keyring, tmp_path: Path
) -> None:
    """Its write-ahead log goes into the new file, and none is left beside it."""
    key = keyring.key("landed")
    log = home.landed_file.with_name("landed.duckdb.wal")
    with landed(home, key) as connection:
        connection.execute(f"delete from landed.{PERSONS} where row_number = 3")
        for path in (home.landed_file, log):
            shutil.copy(path, tmp_path)
    for path in (home.landed_file, log):
        shutil.copy(tmp_path / path.name, path)
    rewrite_landed(home, keyring, Copy(), "test")
    assert persons(home, keyring) == PEOPLE[:2]
    assert not log.exists()


@pytest.mark.attack(24)
def test_a_file_under_another_key_is_refused(home: Home, keyring: Keyring) -> None:
    aside = home.landed_file.with_name("aside")
    home.landed_file.rename(aside)
    with landed(home, generate_key()):
        pass
    with pytest.raises(HomeError, match="does not open"):
        rewrite_landed(home, keyring, Copy(), "test")
    aside.replace(home.landed_file)
    check_unchanged(home, keyring)


class Losing(Copy):
    """Loses a row."""

    def query(self, table: Stored) -> str:
        where = " where row_number > 1" if table.label == PERSONS else ""
        return super().query(table) + where


class Failing(Copy):
    """Stumbles over a value, which DuckDB would quote."""

    def query(self, table: Stored) -> str:
        if table.label != PERSONS:
            return super().query(table)
        return f"select * replace ('secret'::integer as row_number) from {table.former}"


@pytest.mark.attack(24)
@pytest.mark.parametrize(
    ("transform", "code"),
    [
        pytest.param(Losing(), "rows_differ", id="a row less"),
        pytest.param(Failing(), "not_rewritten", id="a value that stops DuckDB"),
    ],
)
def test_what_does_not_hold_changes_nothing(
    home: Home, keyring: Keyring, transform: Copy, code: str
) -> None:
    refused(code, home, keyring, transform)


@pytest.mark.attack(24)
@pytest.mark.parametrize("transform", [Copy(), Losing()], ids=["holds", "fails"])
def test_a_document_comes_in_force_with_the_files_or_goes(
    home: Home, keyring: Keyring, transform: Copy
) -> None:
    """Entered once, or not at all; no draft is left either way."""
    with pytest.raises(ValueError, match="word"):
        Document("../custodians", "tested", {})
    document = Document("tested", "tested", {"seal": "one"})
    draft = draft_file(home, "tested")
    write_private(draft, b"new")
    with suppress(RewritingError):
        rewrite(home, keyring, {"landed": transform}, "test", document=document)
    entries = [e["facts"] for e in keyring.ledger().entries() if e["event"] == "tested"]
    in_force = not isinstance(transform, Losing)
    assert (entries == [{"seal": "one"}]) == in_force
    assert document_file(home, "tested").exists() == in_force
    assert not draft.exists()


@pytest.mark.attack(24)
def test_duckdb_is_not_quoted(home: Home, keyring: Keyring) -> None:
    with pytest.raises(RewritingError) as error:
        rewrite_landed(home, keyring, Failing(), "test")
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.attack(24)
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"format": "parity-rewriting-1"}', b"[]"],
    ids=["empty", "cut", "short", "a list"],
)
def test_a_damaged_journal_stops_everything(
    home: Home, keyring: Keyring, content: bytes
) -> None:
    """It is not guessed which way to go."""
    journal_file(home).write_bytes(content)
    for act in (resume_rewriting, lambda *of: rewrite_landed(*of, Copy(), "test")):
        with pytest.raises(RewritingError) as error:
            act(home, keyring)
        assert error.value.code == "rewriting_damaged"
    assert persons(home, keyring) == PEOPLE


@pytest.mark.attack(24)
def test_a_forged_journal_destroys_no_key_in_force(
    home: Home, keyring: Keyring
) -> None:
    write_journal(
        home,
        keyring,
        Journal("test", "cleaning", (), {"epoch": Versions(1, 2)}, derived_goes=True),
    )
    with pytest.raises(RewritingError, match="not in force"):
        resume_rewriting(home, keyring)
    assert keyring.version("epoch") == 1


@pytest.mark.attack(24)
def test_a_journal_that_somebody_else_wrote_ends_nothing(
    home: Home, keyring: Keyring
) -> None:
    """It would destroy keys: only one that this home sealed is followed."""
    ours = Journal("test", "preparing", (), {"root": Versions(1)}, derived_goes=False)
    write_journal(home, keyring, ours)
    written = json.loads(journal_file(home).read_bytes())
    write_private(
        journal_file(home), json.dumps(written | {"step": "cleaning"}).encode()
    )
    before = keyring.records()
    with pytest.raises(RewritingError, match="rewriting_damaged"):
        resume_rewriting(home, keyring)
    assert keyring.records() == before
    write_private(journal_file(home), json.dumps(written).encode())
    assert resume_rewriting(home, keyring)


def test_a_journal_of_an_unknown_file_is_refused(home: Home, keyring: Keyring) -> None:
    journal = {
        "format": "parity-rewriting-1",
        "reason": "test",
        "step": "switching",
        "files": ["../landed"],
        "keys": {},
        "derived_goes": False,
        "counts": {},
    }
    journal_file(home).write_text(json.dumps(journal))
    journal_file(home).chmod(0o600)
    with pytest.raises(RewritingError, match="cannot be read"):
        resume_rewriting(home, keyring)
