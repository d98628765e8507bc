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
from parity.access.rekeying import MAP_TABLE, ProjectKey, map_pseudonyms
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
    project: ProjectKey,
    meta: Mapping[str, str | int | bool],
) -> None:
    """Copy the granted columns from `warehouse` to `package`; meta and comments too."""
    map_pseudonyms(connection, _pseudonym_queries(tables), project.key)
    for schema in sorted({table.relation.schema for table in tables}):
        connection.execute(f"create schema package.{_quoted(schema)}")
    for table in tables:
        _copy(connection, table, project)
        _comment(connection, table, project.epoch)
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


def _copy(
    connection: duckdb.DuckDBPyConnection, table: GrantedTable, project: ProjectKey
) -> None:
    """Copy a table in an order that tells nothing of the warehouse or of a package.

    Rows are sorted by project pseudonyms first, which look random to everybody without
    the project's key. Tables without any are sorted by a keyed digest of each row,
    which is as good as shuffled and the same at every build; it is not kept.
    """
    pseudonyms = [c.name for c in table.columns if c.sensitivity == "pseudonym"]
    shuffle = "" if pseudonyms else f"sha256(concat($1, {_row(table)})), "
    order = pseudonyms + [c.name for c in table.columns if c.name not in pseudonyms]
    connection.execute(
        f"create table {_target(table)} as select {_selected(table)} "
        f"from {_source(table)} as source {_joins(table)} "
        f"order by {shuffle}{', '.join(map(_quoted, order))}",
        [] if pseudonyms else [project.row_order(table.relation.label).hex()],
    )


def _row(table: GrantedTable) -> str:
    names = ", ".join(f"source.{_quoted(column.name)}" for column in table.columns)
    return f"row({names})::varchar"


def _selected(table: GrantedTable) -> str:
    """The columns as the package holds them: pseudonyms from the map."""
    return ", ".join(
        f"m{number}.new as {_quoted(column.name)}"
        if column.sensitivity == "pseudonym"
        else f"source.{_quoted(column.name)} as {_quoted(column.name)}"
        for number, column in enumerate(table.columns)
    )


def _joins(table: GrantedTable) -> str:
    return " ".join(
        f"left join {MAP_TABLE} as m{number} "
        f"on source.{_quoted(column.name)} = m{number}.old"
        for number, column in enumerate(table.columns)
        if column.sensitivity == "pseudonym"
    )


def _comment(
    connection: duckdb.DuckDBPyConnection, table: GrantedTable, epoch: int
) -> None:
    target = _target(table)
    text = _literal(table.relation.description)
    connection.execute(f"comment on table {target} is {text}")
    for column in table.columns:
        said = column.description
        if column.sensitivity == "pseudonym":
            said = f"{said} Pseudonym of this package alone, epoch {epoch}."
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
