"""Both ends of a rewriting: taking it back, or seeing it through.

What belongs here: everything that happens to files and keys outside the filling of the
new files. Each act is idempotent, so that after a crash all of them are done again.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from parity.home import Home
from parity.home.keyring import Keyring
from parity.home.private_files import is_in_use, sync_folder
from parity.rewriting.document import forget_draft, put_in_force
from parity.rewriting.journal import (
    FileName,
    Journal,
    RewritingError,
    remove_journal,
    write_journal,
)

_PACKAGES = "package:"


def file_of(home: Home, name: FileName) -> Path:
    """The file that the file key of this name opens."""
    files: dict[FileName, Path] = {
        "landed": home.landed_file,
        "vault": home.vault_file,
        "warehouse": home.warehouse_file,
    }
    return files[name]


def fresh_file_of(home: Home, name: FileName) -> Path:
    """Where its successor is written, beside it."""
    return file_of(home, name).with_suffix(".fresh.duckdb")


def roll_back(home: Home, keyring: Keyring, journal: Journal) -> None:
    """Forget the new files and their keys; the former were never touched."""
    for name in journal.files:
        remove_database(fresh_file_of(home, name))
    destroy_prepared(keyring, journal)
    if journal.document:
        forget_draft(home, journal.document)
    keyring.ledger().append("rewriting_taken_back", reason=journal.reason)
    remove_journal(home)


def roll_forward(home: Home, keyring: Keyring, journal: Journal) -> None:
    """Put the verified new files and keys in force; end what holds the former rows."""
    if journal.step == "switching":
        switch_document(home, keyring, journal)
        switch_files(home, journal)
        activate_keys(keyring, journal)
        journal = journal.at("cleaning")
        write_journal(home, keyring, journal)
    check_in_force(keyring, journal)
    if journal.derived_goes:
        remove_derived(home, keyring)
    destroy_former(keyring, journal)
    keyring.ledger().append(
        "rewriting_done", reason=journal.reason, **dict(journal.counts)
    )
    remove_journal(home)


def switch_document(home: Home, keyring: Keyring, journal: Journal) -> None:
    """Put the journal's document in force, before anything of the former is replaced.

    Raises RewritingError when it is gone: without it the new files may be of no use.
    """
    document = journal.document
    if document and not put_in_force(home, keyring, document):
        raise RewritingError(
            "rewriting_damaged", "a draft that the journal names is gone: restore it"
        )


def switch_files(home: Home, journal: Journal) -> None:
    """Rename each new file over the former one.

    A write-ahead log of the former file goes first: it would be replayed on the new.
    """
    for name in journal.files:
        path, fresh = file_of(home, name), fresh_file_of(home, name)
        if fresh.exists():
            _log_of(path).unlink(missing_ok=True)
            fresh.replace(path)
            sync_folder(path.parent)


def activate_keys(keyring: Keyring, journal: Journal) -> None:
    """Put the new versions in force."""
    for name, versions in journal.keys.items():
        keyring.activate(name, versions.new)


def check_in_force(keyring: Keyring, journal: Journal) -> None:
    """Raise RewritingError unless each new key is in force: else nothing may end."""
    for name, versions in journal.keys.items():
        if keyring.version(name) != versions.new:
            raise RewritingError(
                "rewriting_damaged", "the journal names a key that is not in force"
            )


def remove_derived(home: Home, keyring: Keyring) -> None:
    """Remove what was made of the former rows: the warehouse, packages, spill.

    The warehouse's key is renewed with the others; the packages' keys end here and are
    made anew with the next build.
    """
    remove_database(home.warehouse_file)
    # Whoever reads just now keeps their spill: it is under a key of their process.
    left_over = [path for path in home.spill.iterdir() if not is_in_use(path)]
    for path in (*home.packages.iterdir(), *left_over):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for record in keyring.records():
        if record.name.startswith(_PACKAGES) and record.state != "destroyed":
            keyring.destroy(record.name, record.version)


def destroy_former(keyring: Keyring, journal: Journal) -> None:
    """Destroy every version of the journal's keys but the new one."""
    for record in keyring.records():
        versions = journal.keys.get(record.name)
        if versions and record.version < versions.new and record.state != "destroyed":
            keyring.destroy(record.name, record.version)


def destroy_prepared(keyring: Keyring, journal: Journal) -> None:
    """Destroy the versions that never came in force."""
    for record in keyring.records():
        if record.name in journal.keys and record.state == "pre_active":
            keyring.destroy(record.name, record.version)


def remove_database(path: Path) -> None:
    """Remove a database file and its write-ahead log."""
    for each in (_log_of(path), path):
        each.unlink(missing_ok=True)
    if path.parent.exists():
        sync_folder(path.parent)


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")
