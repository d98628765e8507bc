"""What the tests of rotation look with: stores as rows, the hidden map, old identities.

What belongs here: reading whole stores, working out apart from the code under test what
each pseudonym must have become, and looking for identities that must be gone.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from conftest import filled_home, made_home

from parity.home import Home, HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.keyring import Keyring
from parity.synthetic import synthesise
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.scan.search import MultiSearch
from pseudonymisation.keyed_hash import pseudonym

Rows = Counter[tuple[object, ...]]
Store = Mapping[str, Rows]
Renamed = Mapping[UUID, UUID]

PERSON_ID = "person_id"


@dataclass(frozen=True)
class Filled:
    """A home in which all has landed but the last submission; nothing is built.

    Tests take copies of it. sent: the folder of the submissions.
    """

    home: Home
    sent: Path

    @property
    def submissions(self) -> list[Path]:
        """In their order."""
        return sorted(self.sent.glob("*_*_*"))


def shared_home(factory: pytest.TempPathFactory) -> Filled:
    """Made once for a process, whichever files of tests use it."""
    return _filled(factory.getbasetemp() / "rotation")


@cache
def _filled(root: Path) -> Filled:
    months = {"first": date(2025, 1, 1), "last": date(2025, 2, 1)}
    sent = root / "sent"
    synthesise(sent, providers=2, referrals_per_month=15, refresh=True, **months)
    home = made_home(root / "filled", sent / "reference")
    filled_home(home, sorted(sent.glob("*_*_*"))[:-1])
    return Filled(home, sent)


@dataclass(frozen=True)
class Keys:
    """The keys of pseudonyms as bytes, kept by a test beyond their end."""

    identifier_keys: IdentifierKeys = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, keyring: Keyring) -> Keys:
        """Those in force."""
        names = ("landed", "vault", "warehouse")
        return cls(IdentifierKeys.of(keyring), {n: keyring.key(n) for n in names})


def read_store(path: Path, key: bytes, spill: Path) -> Store:
    """Every table of a file: how often each row stands in it. Names with columns."""
    connection = connect(spill)
    try:
        attach_encrypted(connection, path, "store", key, read_only=True)
        return {
            f"{schema}.{table}({', '.join(columns)})": Counter(
                connection.execute(f"from store.{schema}.{table}").fetchall()
            )
            for schema, table, columns in _tables(connection)
        }
    finally:
        connection.close()


def rows_of(store: Store, table: str) -> Rows:
    """The rows of one table, by its name without columns."""
    [found] = [rows for name, rows in store.items() if name.startswith(f"{table}(")]
    return found


def without_pseudonyms(store: Store, pseudonyms: Iterable[UUID]) -> Store:
    """Every row with its pseudonyms blanked."""
    blank: Renamed = dict.fromkeys(pseudonyms, UUID(int=0))
    return renamed(store, blank, blank)


def renamed(store: Store, known: Renamed, persons: Renamed) -> Store:
    """Every row with its pseudonyms exchanged.

    persons: for columns called person_id, where another token may name a person.
    """
    return {
        name: _renamed_rows(rows, name, known, persons) for name, rows in store.items()
    }


def tokens_of(path: Path, key: bytes, spill: Path) -> list[tuple[str, str, bytes]]:
    """Domain, provider and token of everything that the vault knows."""
    connection = connect(spill)
    try:
        attach_encrypted(connection, path, "vault", key, read_only=True)
        return connection.execute(
            "select domain, provider, token from vault.identifier"
        ).fetchall()
    finally:
        connection.close()


def hidden_map(
    tokens: Iterable[tuple[str, str, bytes]], former: Keys, fresh: Keys
) -> dict[UUID, UUID]:
    """From each pseudonym to its successor, one value at a time by the reference."""
    return {
        _pseudonym(former, *known): _pseudonym(fresh, *known)
        for known in tokens
        if known[0] != "evidence"
    }


def links_of(landed: Store) -> dict[UUID, UUID]:
    """The person that each person as known is now."""
    links = rows_of(landed, "receipts.person_link")
    return {row[0]: row[1] for row in links}  # type: ignore[misc]


def identities_in(store: Store, looked_for: set[UUID]) -> int:
    """How many of these identities stand in any UUID of a store."""
    found = {
        value
        for rows in store.values()
        for row in rows
        for value in row
        if isinstance(value, UUID)
    }
    return len(found & looked_for)


def identities_in_files(folder: Path, looked_for: set[UUID]) -> list[str]:
    """Files that hold an identity as text, hex or raw bytes, plain in their bytes."""
    search = MultiSearch({form for each in looked_for for form in _forms(each)})
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(search.find(path.read_bytes()))
    )


def keys_given(keyring: Keyring) -> list[bytes]:
    """Every key that a keyring still gives, whatever it is asked."""
    return [
        keyring.key_to_read(record.name, record.version)
        for record in keyring.records()
        if record.state in ("active", "deactivated")
    ]


def opened_by(path: Path, keys: Iterable[bytes], spill: Path) -> int:
    """How many of the keys open a file."""
    opened = 0
    connection = connect(spill)
    try:
        for key in keys:
            with suppress(HomeError):
                attach_encrypted(connection, path, "aside", key, read_only=True)
                connection.execute("detach aside")
                opened += 1
    finally:
        connection.close()
    return opened


def _pseudonym(keys: Keys, domain: str, provider: str, token: bytes) -> UUID:
    key = keys.identifier_keys.of_domain(domain, provider)
    return UUID(bytes=pseudonym(key, domain, token))


def _renamed_rows(rows: Rows, name: str, known: Renamed, persons: Renamed) -> Rows:
    columns = name.partition("(")[2].rstrip(")").split(", ")
    maps = [persons if column == PERSON_ID else known for column in columns]
    found: Rows = Counter()
    for row, often in rows.items():
        new = tuple(
            named.get(value, value) if isinstance(value, UUID) else value
            for named, value in zip(maps, row, strict=True)
        )
        found[new] += often
    return found


def _tables(
    connection: duckdb.DuckDBPyConnection,
) -> list[tuple[str, str, list[str]]]:
    return connection.execute(
        """
        select schema_name, table_name, list(column_name order by column_index)
        from duckdb_columns()
        inner join duckdb_tables() using (database_oid, schema_name, table_name)
        where duckdb_columns.database_name = 'store'
        group by all
        order by all
        """
    ).fetchall()


def _forms(identity: UUID) -> set[bytes]:
    """As text, as hex and as bytes, in small letters as the search wants them."""
    return {str(identity).encode(), identity.hex.encode(), identity.bytes.lower()}


def copy_of(home: Home, root: Path) -> Home:
    """A copy of a home with its keys."""
    shutil.copytree(home.root, root)
    return Home.find(root)
