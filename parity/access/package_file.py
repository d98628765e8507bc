"""The inside of a package: one encrypted DuckDB file with exactly the granted columns.

What belongs here: making the file, copying tables into it, and reading back what it
physically holds. Which columns a role is granted comes from parity.access.policy.

The file is written from nothing, so that no dropped column stays in it. It is in
storage format v1.4.0, which DuckDB 1.4, 1.5 and (read-only) 2.0 open; the library's own
default would shut out older ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from parity.access.errors import AccessError
from parity.access.policy import GrantedTable
from parity.access.rekeying import EPOCH, MAP_TABLE, map_pseudonyms
from parity.home.encrypted_database import attach_encrypted
from pseudonymisation.keys import check_key

STORAGE_VERSION = "v1.4.0"
META_TABLE = "main.parity_meta"

# Bytes 12 to 19 of a DuckDB file: its storage format; 67 is that of v1.4.0.
_STORAGE_FORMAT = 67
_FORMAT_OFFSET, _FORMAT_BYTES = 12, 8

Columns = Mapping[str, Sequence[str]]


def create_package_file(
    connection: duckdb.DuckDBPyConnection, path: Path, key: bytes
) -> None:
    """Make an empty encrypted file and leave it attached as `package`, for writing.

    connection: ready for encrypted files (parity.home.encrypted_database.connect).
    The file is made here, because only here its storage format is chosen; it is
    attached again through the one checked way.
    """
    quoted = str(path).replace("'", "''")
    connection.execute(
        f"attach '{quoted}' as package "
        f"(encryption_key $1, storage_version '{STORAGE_VERSION}')",
        [check_key(key).hex()],
    )
    connection.execute("detach package")
    attach_encrypted(connection, path, "package", key)


def fill_package(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[GrantedTable],
    pseudonym_key: bytes,
    meta: Mapping[str, str | int | bool],
) -> None:
    """Copy the granted columns from `warehouse` to `package`; meta and comments too."""
    map_pseudonyms(connection, _pseudonym_queries(tables), pseudonym_key)
    for schema in sorted({table.relation.schema for table in tables}):
        connection.execute(f"create schema package.{_quoted(schema)}")
    for table in tables:
        connection.execute(_copy(table))
        _comment(connection, table)
    _write_meta(connection, meta)


def package_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Every column that the attached `package` physically holds, by table, in order.

    Whatever is not a plain table (a view, macro, type, sequence) has no place in a
    package: raises AccessError.
    """
    rows = connection.execute(
        """
        select schema_name || '.' || table_name, column_name
        from duckdb_columns()
        where database_name = 'package' and not internal
        order by schema_name, table_name, column_index
        """
    ).fetchall()
    if _other_objects(connection):
        raise AccessError("not_a_table", "the package holds more than tables")
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        columns.setdefault(table, []).append(column)
    return columns


def check_storage(path: Path) -> None:
    """Raise AccessError unless the file is of the storage format of packages."""
    with path.open("rb") as file:
        file.seek(_FORMAT_OFFSET)
        found = int.from_bytes(file.read(_FORMAT_BYTES), "little")
    if found != _STORAGE_FORMAT:
        raise AccessError("storage", "the package is of another storage format")


def _pseudonym_queries(tables: Sequence[GrantedTable]) -> list[str]:
    return [
        f"select {_quoted(column.name)} from {_source(table)}"
        for table in tables
        for column in table.columns
        if column.sensitivity == "pseudonym"
    ]


def _copy(table: GrantedTable) -> str:
    """Copy a table in an order that tells nothing of the order in the warehouse.

    Rows are sorted by project pseudonyms first, which look random to everybody without
    the project's key, then by all other columns.
    """
    selected: list[str] = []
    joins: list[str] = []
    order: list[str] = []
    for number, column in enumerate(table.columns):
        name = _quoted(column.name)
        if column.sensitivity == "pseudonym":
            joins.append(
                f"left join {MAP_TABLE} as m{number} on source.{name} = m{number}.old"
            )
            selected.append(f"m{number}.new as {name}")
            order.insert(len(joins) - 1, name)
        else:
            selected.append(f"source.{name} as {name}")
            order.append(name)
    return (
        f"create table {_target(table)} as select {', '.join(selected)} "
        f"from {_source(table)} as source {' '.join(joins)} "
        f"order by {', '.join(order)}"
    )


def _comment(connection: duckdb.DuckDBPyConnection, table: GrantedTable) -> None:
    target = _target(table)
    text = _literal(table.relation.description)
    connection.execute(f"comment on table {target} is {text}")
    for column in table.columns:
        said = column.description
        if column.sensitivity == "pseudonym":
            said = f"{said} Pseudonym of this package alone, epoch {EPOCH}."
        connection.execute(
            f"comment on column {target}.{_quoted(column.name)} is {_literal(said)}"
        )


def _write_meta(
    connection: duckdb.DuckDBPyConnection, meta: Mapping[str, str | int | bool]
) -> None:
    columns = ", ".join(
        f"${number} as {_quoted(name)}" for number, name in enumerate(meta, start=1)
    )
    connection.execute(
        f"create table package.{META_TABLE} as select {columns}", list(meta.values())
    )
    connection.execute(
        f"comment on table package.{META_TABLE} is 'One row: what this package is.'"
    )


def _other_objects(connection: duckdb.DuckDBPyConnection) -> bool:
    row = connection.execute(
        """
        select
            (select count(*) from duckdb_views()
                where database_name = 'package' and not internal)
            + (select count(*) from duckdb_functions()
                where database_name = 'package' and not internal)
            + (select count(*) from duckdb_types()
                where database_name = 'package' and not internal)
            + (select count(*) from duckdb_sequences()
                where database_name = 'package')
            + (select count(*) from duckdb_indexes()
                where database_name = 'package')
        """
    ).fetchone()
    return row != (0,)


def _source(table: GrantedTable) -> str:
    return f"warehouse.{_quoted(table.relation.schema)}.{_quoted(table.relation.name)}"


def _target(table: GrantedTable) -> str:
    return f"package.{_quoted(table.relation.schema)}.{_quoted(table.relation.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
