"""Files written anew under a new key, all or nothing; the former key is destroyed.

What belongs here: the order of a rewriting. A row that is deleted in place stays in the
file until its page is used again, and a key that is only replaced leaves the old file
readable. So whatever must go for good (people, pseudonyms, keys) goes like this: a new
file beside the old one under a new version of its key, read back and verified, switched
by renaming, and the former key destroyed. A journal makes it whole after a crash at any
point: docs/decisions/2026-11-24-files-written-anew.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

import duckdb

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.keyring import Keyring
from parity.home.secret import SecretBytes
from parity.rewriting.document import Document
from parity.rewriting.ending import (
    file_of,
    fresh_file_of,
    remove_database,
    roll_back,
    roll_forward,
)
from parity.rewriting.journal import (
    Ended,
    FileName,
    Journal,
    RewritingError,
    Versions,
    is_unfinished,
    read_journal,
    write_journal,
)
from parity.rewriting.telling import NOBODY, Telling
from parity.rewriting.transform import Prepared, Transform, stored_tables


def rewrite(
    home: Home,
    keyring: Keyring,
    transforms: Mapping[FileName, Transform],
    reason: str,
    *,
    keys: Collection[str] = (),
    derived_goes: bool = True,
    document: Document | None = None,
    telling: Telling = NOBODY,
) -> Mapping[str, int]:
    """Write files anew and put them in force, whole or not at all.

    transforms: one for each file, done in this order. reason: a word for the ledger.
    keys: further keys whose next version comes in force with the files (`epoch`).
    derived_goes: remove the warehouse and the packages, which hold the former rows, and
    destroy their keys. document: its draft comes in force with the files, or goes. A
    file that is not there is left out. Returns the counts of the transforms'
    verification. Raises RewritingError or HomeError: nothing was changed.
    """
    with home.lock(reason, telling.waiting):
        resume_rewriting(home, keyring)
        names = [*transforms, *keys]
        if derived_goes and "warehouse" not in names:
            names.append("warehouse")
        there = tuple(name for name in transforms if file_of(home, name).exists())
        journal = Journal(
            reason=reason,
            step="preparing",
            files=there,
            keys={name: Versions(keyring.to_rewrite(name)[0]) for name in names},
            derived_goes=derived_goes,
            document=document,
        )
        keyring.ledger().append("rewriting_begun", reason=reason, files="+".join(there))
        write_journal(home, keyring, journal)
        try:
            journal = prepare_keys(home, keyring, journal)
            counts = fill(home, keyring, journal, transforms, telling)
        except BaseException:
            roll_back(home, keyring, journal)
            raise
        journal = journal.at("switching", counts)
        write_journal(home, keyring, journal)
        roll_forward(home, keyring, journal)
        return counts


def rewrite_landed(
    home: Home, keyring: Keyring, transform: Transform, reason: str
) -> Mapping[str, int]:
    """Write the landed store anew; the warehouse and the packages go. See `rewrite`."""
    return rewrite(home, keyring, {"landed": transform}, reason)


def resume_rewriting(
    home: Home, keyring: Keyring, waiting: Callable[[str], None] | None = None
) -> Ended | None:
    """Bring a rewriting that was cut off to its end; None when there was none.

    Taken back when it had not begun to switch, else seen through. Whoever writes to the
    landed store or the vault, or reads what was made of them for others, calls this
    first. Raises RewritingError; LedgerBroken when the ledger does not hold at its end:
    nothing is done on that, neither here nor by who calls.
    """
    keyring.ledger().check_end()
    if not is_unfinished(home):
        return None
    with home.lock("resume", waiting):
        journal = read_journal(home, keyring)
        if journal is None:  # the process that we waited for was still at it
            return None
        if journal.step == "preparing":
            roll_back(home, keyring, journal)
            return Ended(journal.reason, "taken_back", derived_went=False)
        roll_forward(home, keyring, journal)
        return Ended(journal.reason, "seen_through", journal.derived_goes)


def prepare_keys(home: Home, keyring: Keyring, journal: Journal) -> Journal:
    """Make the next version of each key, and note them."""
    versions = {
        name: keyring.prepare(name, keyring.record(name).purpose)[0]
        for name in journal.keys
    }
    journal = journal.prepared(versions)
    write_journal(home, keyring, journal)
    return journal


def fill(
    home: Home,
    keyring: Keyring,
    journal: Journal,
    transforms: Mapping[FileName, Transform],
    telling: Telling = NOBODY,
) -> Mapping[str, int]:
    """Write the new files, read them back and have them verified."""
    prepared = {
        name: Prepared(versions.new, SecretBytes(keyring.prepared(name, versions.new)))
        for name, versions in journal.keys.items()
    }
    connection = connect(home.spill)
    try:
        with _duckdb_errors_coded():
            for name in journal.files:
                _attach_former(connection, home, name, keyring.to_rewrite(name)[1])
                transform = transforms[name]
                write_fresh(connection, home, name, transform, prepared, telling)
            telling.step("verifying", 0, 0)
            return verify_fresh(connection, home, journal, transforms, prepared)
    finally:
        connection.close()


def write_fresh(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    name: FileName,
    transform: Transform,
    prepared: Mapping[str, Prepared],
    telling: Telling = NOBODY,
) -> None:
    """Write one new file, table by table, as its transform says."""
    remove_database(fresh_file_of(home, name))
    key = prepared[name].key.reveal()
    attach_encrypted(connection, fresh_file_of(home, name), name, key)
    connection.execute(f"copy from database former_{name} to {name} (schema)")
    transform.prepare(connection, prepared)
    tables = stored_tables(connection, name)
    for number, table in enumerate(tables):
        telling.step(f"writing {name}", number, len(tables))
        connection.execute(f"insert into {table.fresh} {transform.query(table)}")
    connection.execute(f"checkpoint {name}")


def verify_fresh(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    journal: Journal,
    transforms: Mapping[FileName, Transform],
    prepared: Mapping[str, Prepared],
) -> Mapping[str, int]:
    """Open each new file again, from disk, and let its transform compare."""
    for name in journal.files:
        connection.execute(f"detach {name}")
        _on_disk(home, name)
        path, key = fresh_file_of(home, name), prepared[name].key.reveal()
        attach_encrypted(connection, path, name, key, read_only=True)
    counts: dict[str, int] = {}
    for name in journal.files:
        tables = stored_tables(connection, name)
        for word, count in transforms[name].verify(connection, tables).items():
            counts[f"{name}_{word}"] = count
    return counts


def _attach_former(
    connection: duckdb.DuckDBPyConnection, home: Home, name: FileName, key: bytes
) -> None:
    path, alias = file_of(home, name), f"former_{name}"
    if path.with_name(f"{path.name}.wal").exists():
        # What a killed process committed goes into the file before it is read.
        attach_encrypted(connection, path, alias, key)
        connection.execute(f"checkpoint {alias}")
        connection.execute(f"detach {alias}")
    attach_encrypted(connection, path, alias, key, read_only=True)


def _on_disk(home: Home, name: FileName) -> None:
    path = fresh_file_of(home, name)
    if path.with_name(f"{path.name}.wal").exists():
        raise RewritingError("not_whole", "the new file is not whole on disk")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _duckdb_errors_coded() -> Iterator[None]:
    """DuckDB's words can quote a value: its type is all that is repeated."""
    try:
        yield
    except duckdb.Error as error:
        kind = type(error).__name__
    else:
        return
    raise RewritingError("not_rewritten", f"nothing was changed: DuckDB's {kind}")
