"""Content digests: whether two homes hold the same warehouse.

What belongs here: one digest a table, over decoded rows, without regard to their order.
The digest is keyed: rows hold pseudonyms, and an unkeyed digest of them would be a
handle on them outside the warehouse. Digests of two homes compare when their keys are
the same.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import duckdb

from pseudonymisation.keys import check_key

_BATCH_ROWS = 50_000
_MODULUS = 1 << 256


def table_digests(
    connection: duckdb.DuckDBPyConnection, database: str, key: bytes
) -> dict[str, str]:
    """Digest of each table of an attached database, by `schema.table`.

    A row's tag is HMAC-SHA-256 of its columns' text, each length-prefixed, in column
    order; the table's digest is the number of rows and the sum of the tags modulo
    2^256, so that the order of rows does not matter and a row twice is not a row once.
    Raises KeyRefused for a weak key.
    """
    check_key(key)
    return {
        f"{schema}.{table}": _digest(connection, f"{database}.{schema}.{table}", key)
        for schema, table in _tables(connection, database)
    }


def _tables(
    connection: duckdb.DuckDBPyConnection, database: str
) -> list[tuple[str, str]]:
    return connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = ? and not internal order by all",
        [database],
    ).fetchall()


def _digest(connection: duckdb.DuckDBPyConnection, table: str, key: bytes) -> str:
    total, count = 0, 0
    for row in _rows(connection, table):
        tag = hmac.digest(key, _encode(row), "sha256")
        total = (total + int.from_bytes(tag, "big")) % _MODULUS
        count += 1
    return hashlib.sha256(f"{count}:{total:064x}".encode()).hexdigest()


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str
) -> Iterator[tuple[object, ...]]:
    reader = connection.cursor().execute(f"select * from {table}")
    while batch := reader.fetchmany(_BATCH_ROWS):
        yield from batch


def _encode(row: tuple[object, ...]) -> bytes:
    parts = []
    for value in row:
        text = b"" if value is None else str(value).encode()
        mark = b"n" if value is None else b"v"
        parts.append(mark + len(text).to_bytes(4, "big") + text)
    return b"".join(parts)
