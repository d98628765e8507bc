"""What a rewriting does to each table: the interface, and the plain copy.

What belongs here: how a transform is asked. While it works, the file as it was is
attached as `former_<file>` (read-only) and the new one as `<file>`, on one connection
for all files of a rewriting; temporary tables live in memory and encrypted spill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import duckdb

from parity.home.secret import SecretBytes
from parity.rewriting.journal import FileName, RewritingError


@dataclass(frozen=True)
class Stored:
    """A table of the file. columns: its names, in order, quoted where SQL needs it."""

    file: FileName
    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def label(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"

    @property
    def former(self) -> str:
        """The table as it was, for a statement."""
        return f"former_{self.file}.{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def fresh(self) -> str:
        """The table in the new file, for a statement."""
        return f"{self.file}.{quoted(self.schema)}.{quoted(self.name)}"


class Prepared(NamedTuple):
    """A key that comes in force with the rewriting."""

    version: int
    key: SecretBytes


class Transform(Protocol):
    """How the tables of one file are written anew."""

    def prepare(
        self, connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Prepared]
    ) -> None:
        """Make the temporary tables that the queries name.

        keys: the prepared keys of the rewriting, by name.
        """

    def query(self, table: Stored) -> str:
        """The statement that gives a table's new rows, columns in order."""

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """Compare the new file, read back from disk, with the former one.

        Returns counts for the ledger. Raises RewritingError: then nothing is changed.
        """


class Copy:
    """The same rows under another key; also what other transforms begin from."""

    def prepare(
        self, connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Prepared]
    ) -> None:
        """Nothing to prepare."""

    def query(self, table: Stored) -> str:
        """Every row as it is."""
        return f"select {', '.join(table.columns)} from {table.former}"

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """As many rows in each table as before. Raises RewritingError."""
        counts = {t.label: row_count(connection, t.fresh) for t in tables}
        if counts != {t.label: row_count(connection, t.former) for t in tables}:
            raise RewritingError("rows_differ", "a table has other rows than before")
        return {"tables": len(counts), "rows": sum(counts.values())}


def stored_tables(
    connection: duckdb.DuckDBPyConnection, file: FileName
) -> list[Stored]:
    """The tables of the former file, in order."""
    found = connection.execute(
        """
        select schema_name, table_name, list(column_name order by column_index)
        from duckdb_columns()
        inner join duckdb_tables() using (database_oid, schema_name, table_name)
        where duckdb_columns.database_name = $1
        group by all
        order by all
        """,
        [f"former_{file}"],
    ).fetchall()
    return [
        Stored(file, schema, name, tuple(map(quoted, columns)))
        for schema, name, columns in found
    ]


def row_count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation that is named for a statement."""
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'
