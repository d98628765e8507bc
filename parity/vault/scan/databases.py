"""DuckDB, SQLite and Parquet: every column decoded, and all that is said about it.

What belongs here: reading these three whole. The bytes of such a file tell almost
nothing (they are compressed or encrypted), so what does not open or decode is reported.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from parity.home import HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.private_files import write_private
from parity.vault.scan.detector import Detector, Spot
from parity.vault.scan.encodings import CELL
from parity.vault.scan.values import cells, is_binary, leaves, scalars

# Takes bytes that may be a container of their own, found inside a column.
LookInside = Callable[[bytes, Spot], None]

COMPANION_ENDINGS = ("-wal", "-journal", "-shm", ".wal")
_ALIAS = "scanned"
_BATCH = 50_000

# All that a database says about its objects: the function, and the columns that name
# an object. Comments, view and macro texts, defaults, checks, enum labels are there.
_CATALOG: Mapping[str, tuple[str, ...]] = {
    "duckdb_databases": (),
    "duckdb_schemas": ("schema_name",),
    "duckdb_tables": ("schema_name", "table_name"),
    "duckdb_columns": ("schema_name", "table_name", "column_name"),
    "duckdb_constraints": ("schema_name", "table_name"),
    "duckdb_views": ("schema_name", "view_name"),
    "duckdb_indexes": ("schema_name", "table_name", "index_name"),
    "duckdb_sequences": ("schema_name", "sequence_name"),
    "duckdb_types": ("schema_name", "type_name"),
    "duckdb_functions": ("schema_name", "function_name"),
}
# Types that Arrow hands over in DuckDB's own packing.
_CAST_FIRST = ("BIT", "BIGNUM", "VARIANT")


class Databases:
    """Looks through databases with one detector.

    keys: file keys by name; a database is tried with each. spill: DuckDB's folder for
    what does not fit in memory. look_inside: for values that are containers.
    """

    def __init__(
        self,
        detector: Detector,
        keys: Mapping[str, bytes],
        spill: Path,
        look_inside: LookInside,
    ) -> None:
        self._detector = detector
        self._keys = keys
        self._spill = spill
        self._look_inside = look_inside

    def duckdb_file(self, path: Path, spot: Spot) -> None:
        """Everything in a DuckDB file, encrypted or clear."""
        with closing(connect(self._spill)) as connection:
            if not self._attached(connection, path):
                self._detector.unreadable(spot, "no key opens it, or it is damaged")
                return
            self._duckdb_catalog(connection, spot)
            for schema, table, column, kind in self._duckdb_columns(connection):
                name = self._detector.shown((schema, table, column), spot)
                inner = spot.inside(name)
                try:
                    self._duckdb_column(
                        connection, (schema, table, column), kind, inner
                    )
                except (duckdb.Error, pa.ArrowException):
                    self._detector.unreadable(inner, "column not decoded")

    def sqlite_file(self, path: Path, spot: Spot) -> None:
        """Everything in an SQLite file, with what still stands in its journal."""
        try:
            with self._as_it_stands(path) as copy:
                address = f"{copy.as_uri()}?immutable=1" if copy == path else str(copy)
                with closing(sqlite3.connect(address, uri=copy == path)) as db:
                    db.text_factory = bytes  # text that is not UTF-8 must not hide
                    self._sqlite_tables(db, spot)
        except (sqlite3.Error, OSError):
            self._detector.unreadable(spot, "SQLite file not decoded")

    def parquet(self, source: Any, spot: Spot) -> None:
        """Columns, names and metadata of a Parquet file. source: a path or a buffer."""
        try:
            with pq.ParquetFile(source) as file:
                told = file.metadata.metadata or {}
                said = [*told.keys(), *told.values(), str(file.schema_arrow).encode()]
                self._texts(said, spot.inside("(metadata)"))
                for batch in file.iter_batches(_BATCH):
                    self._batch(batch, spot)
        except (pa.ArrowException, OSError):
            self._detector.unreadable(spot, "Parquet file not decoded")

    @contextmanager
    def _as_it_stands(self, path: Path) -> Iterator[Path]:
        """The SQLite file itself or, when it has a journal, a copy with it.

        Opening a file with its journal writes beside it; a scan must change nothing.
        """
        journals = [j for j in companions(path) if j.exists() and j.stat().st_size]
        if not journals:
            yield path
            return
        with tempfile.TemporaryDirectory(dir=self._spill, prefix="scan-") as folder:
            for file in (path, *journals):
                write_private(Path(folder) / file.name, file.read_bytes())
            yield Path(folder) / path.name

    def _attached(self, connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
        for key in self._keys.values():
            try:
                attach_encrypted(connection, path, _ALIAS, key, read_only=True)
            except HomeError:
                continue
            return True
        try:
            quoted = "'" + str(path).replace("'", "''") + "'"
            connection.execute(f"attach {quoted} as {_ALIAS} (read_only)")
        except duckdb.Error:
            return False
        return True

    def _duckdb_catalog(
        self, connection: duckdb.DuckDBPyConnection, spot: Spot
    ) -> None:
        for function, named_by in _CATALOG.items():
            # the path is the reader's, not the file's
            reader = connection.execute(
                f"select * from {function}() where database_name = ?", [_ALIAS]
            )
            columns = [d[0] for d in reader.description or []]
            for row in reader.fetchall():
                told = dict(zip(columns, row, strict=True)) | {"path": None}
                name = self._detector.shown((str(told[n]) for n in named_by), spot)
                inner = spot.inside(f"{name} (catalog)".strip())
                self._texts(scalars(list(told.values())), inner)

    def _duckdb_columns(
        self, connection: duckdb.DuckDBPyConnection
    ) -> list[tuple[str, str, str, str]]:
        return connection.execute(
            """
            select c.schema_name, c.table_name, c.column_name, c.data_type
            from duckdb_columns() as c
            inner join duckdb_tables() as t
                on t.database_name = c.database_name and t.table_oid = c.table_oid
            where c.database_name = ?
            order by all
            """,
            [_ALIAS],
        ).fetchall()

    def _duckdb_column(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: tuple[str, str, str],
        kind: str,
        spot: Spot,
    ) -> None:
        schema, table, column = (_quoted(part) for part in name)
        value = f"{column}::varchar" if kind.startswith(_CAST_FIRST) else column
        reader = connection.execute(
            f"select distinct {value} as v from {_ALIAS}.{schema}.{table}"
        ).to_arrow_reader(_BATCH)
        self._detector.count_column(spot)
        for batch in reader:
            self._array(batch.column(0), spot)

    def _batch(self, batch: Any, spot: Spot) -> None:
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            inner = spot.inside(self._detector.shown((name,), spot))
            self._detector.count_column(inner)
            self._array(array, inner)

    def _array(self, array: Any, spot: Spot) -> None:
        for leaf in leaves(array):
            values = cells(leaf)
            if is_binary(leaf):
                self._detector.look_at_cells(values, spot)
                for value in values:
                    self._look_inside(value, spot)
            else:
                self._texts(values, spot)

    def _texts(self, texts: Sequence[bytes], spot: Spot) -> None:
        """Texts, and compressed data that is written as text in one of them."""
        self._detector.look_at_cells(texts, spot)
        # all in one, which begins like no container
        self._look_inside(CELL + CELL.join(texts), spot)

    def _sqlite_tables(self, db: sqlite3.Connection, spot: Spot) -> None:
        catalog = db.execute("select type, name, tbl_name, sql from sqlite_master")
        objects = [tuple(_as_bytes(v) for v in row) for row in catalog]
        for row in objects:
            self._detector.look_at_cells(row, spot.inside("(catalog)"))
        for kind, name, _, _ in objects:
            if kind == b"table":
                self._sqlite_table(db, name.decode("utf-8", "replace"), spot)

    def _sqlite_table(self, db: sqlite3.Connection, table: str, spot: Spot) -> None:
        rows = db.execute(f"select * from {_quoted(table)}")
        columns = [description[0] for description in rows.description]
        shown = [
            spot.inside(self._detector.shown((table, column), spot))
            for column in columns
        ]
        for inner in shown:
            self._detector.count_column(inner)
        for batch in _batches(rows):
            for inner, values in zip(shown, zip(*batch, strict=True), strict=True):
                texts = [_as_bytes(v) for v in values if v is not None]
                self._detector.look_at_cells(texts, inner)
                for text in texts:
                    self._look_inside(text, inner)  # Dagster keeps zlib streams


def companions(path: Path) -> list[Path]:
    """Files that a database keeps beside itself: what it has not yet taken in."""
    return [path.with_name(path.name + ending) for ending in COMPANION_ENDINGS]


def _batches(rows: sqlite3.Cursor) -> Iterator[list[Any]]:
    while batch := rows.fetchmany(_BATCH):
        yield batch


def _as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
