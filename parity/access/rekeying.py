"""A project's own pseudonyms: the warehouse's, keyed once more.

What belongs here: a project's key, and the table that maps every pseudonym a package
will hold to the project's. The same warehouse pseudonym gives the same project
pseudonym in every column, so that joins go on working inside a package; two projects'
pseudonyms of one person have nothing in common.

A project's epoch is the version of the key `project:<name>`, which salts the
derivation: rotating it gives new pseudonyms, and once it is destroyed the former ones
cannot be made again, not even with the root key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import duckdb
import polars as pl

from parity.access.errors import AccessError
from parity.home.unlock import Keyring
from pseudonymisation.derivation import derive
from pseudonymisation.encoding import bytes_part
from pseudonymisation.keyed_hash import pseudonym_text_column

MAP_TABLE = "project_pseudonyms"

_DOMAIN = "project-pseudonym"
_BATCH_ROWS = 500_000


@dataclass(frozen=True)
class ProjectKey:
    """The key of a project's pseudonyms and the epoch that it belongs to."""

    epoch: int
    key: bytes = field(repr=False)

    def row_order(self, table: str) -> bytes:
        """The key of the order in which a table without pseudonyms is written."""
        return derive(self.key, "row-order", table)


def epoch_key_name(project: str) -> str:
    """Name of the key in the keyring whose version is a project's epoch."""
    return f"project:{project}"


def project_epoch(keyring: Keyring, project: str) -> int:
    """A project's epoch, from 1. Raises HomeError when it never had a key."""
    return keyring.version(epoch_key_name(project))


def project_key(keyring: Keyring, project: str) -> ProjectKey:
    """The key of a project in its epoch; the epoch's own key is made at first use.

    A key that was destroyed, or may not protect any more, is not made anew in silence:
    HomeError says so, and a rotation begins the next epoch. Raises AccessError when the
    key is rotated meanwhile.
    """
    name = epoch_key_name(project)
    if not any(record.name == name for record in keyring.records()):
        keyring.generate(name, "derivation")
    epoch = project_epoch(keyring, project)
    salt = keyring.key(name)
    if project_epoch(keyring, project) != epoch:
        raise AccessError("epoch_changed", "the project's key was rotated meanwhile")
    return ProjectKey(epoch, derive(keyring.key("root"), "project", project, salt=salt))


def map_pseudonyms(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], key: bytes
) -> None:
    """Make the temporary table project_pseudonyms(old, new), one row a pseudonym.

    columns: `select column from table` queries, one for each pseudonym column; null is
    not mapped. The table lives in memory and encrypted spill, and ends with the
    connection. Raises AccessError when two pseudonyms would become one.
    """
    execute = connection.execute
    execute(f"create temp table {MAP_TABLE} (old uuid, new uuid)")
    if not columns:
        return
    union = " union ".join(columns)
    execute(f"create temp table old_pseudonyms as select old from ({union}) as t (old)")
    last = _one(connection, "select coalesce(max(rowid), -1) from old_pseudonyms")
    for first in range(0, last + 1, _BATCH_ROWS):
        _map_batch(connection, first, key)
    execute("drop table old_pseudonyms")
    lost = f"select count(*) - count(distinct new) from {MAP_TABLE}"
    if _one(connection, lost):
        raise AccessError("collision", "two pseudonyms would become one; not built")


def _map_batch(connection: duckdb.DuckDBPyConnection, first: int, key: bytes) -> None:
    found = connection.execute(
        """
        select old from old_pseudonyms
        where old is not null and rowid between $1 and $2
        """,
        [first, first + _BATCH_ROWS - 1],
    )
    old = cast(pl.DataFrame, pl.from_arrow(found.to_arrow_table()))
    batch = old.with_columns(new=project_pseudonym(pl.col("old"), key))
    connection.register("pseudonym_batch", batch.to_arrow())
    connection.execute(
        f"insert into {MAP_TABLE} select old::uuid, new::uuid from pseudonym_batch"
    )
    connection.unregister("pseudonym_batch")


def project_pseudonym(column: pl.Expr, key: bytes) -> pl.Expr:
    """A project's pseudonym of each of the warehouse's, both as UUID text.

    key: of ProjectKey. What is hashed are the 16 bytes.
    """
    raw = column.str.replace_all("-", "", literal=True).str.decode("hex")
    return pseudonym_text_column(key, _DOMAIN, bytes_part(raw))


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
