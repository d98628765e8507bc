"""The class gate: every column that physically exists has exactly one known class.

What belongs here: comparing dbt's manifest with the file that was really built. dbt's
contracts hold names and types inside the build; this gate holds them against the file
from outside, and holds the classes. Anything unknown stops: a column without a class
has no reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from parity.access.catalog import CLASSES, Catalog, Column, Relation, read_catalog
from parity.access.errors import AccessError
from parity.home import Home
from parity.home.unlock import Keyring
from parity.warehouse.connections import reading

# Spellings of a type that mean the same to DuckDB, in the words that it reports.
_SAME_TYPE = {
    "bool": "boolean",
    "int": "integer",
    "string": "varchar",
    "text": "varchar",
}

# Relation to its physical columns with their types.
_Types = Mapping[str, Mapping[str, str]]


def check_home_classes(home: Home, keyring: Keyring) -> None:
    """Hold the gate on a home's warehouse as last built. Raises AccessError."""
    with reading(home, warehouse=keyring.key_to_read("warehouse")) as connection:
        check_classes(home.dbt_target / "manifest.json", connection)


def check_classes(
    manifest: Path, connection: duckdb.DuckDBPyConnection, database: str = "warehouse"
) -> None:
    """Check a built database, attached under a name, against dbt's manifest.

    Raises AccessError that lists, by relation and column and with no value: models
    without a contract, columns without a class or with an unknown one, columns of the
    file that the YAML does not have, of the YAML that the file does not have, columns
    of another type than the YAML says, relations on one side only.
    """
    catalog = read_catalog(manifest)
    physical = _physical_columns(connection, database)
    described = _described_columns(catalog)
    problems = {
        "without a contract": _without_contract(catalog),
        "without a class": _unclassified(catalog),
        "of an unknown class": _misclassified(catalog),
        "in the file, not in the YAML": _only_in(physical, described),
        "in the YAML, not in the file": _only_in(described, physical),
        "of another type than the YAML says": _retyped(described, physical),
    }
    found = [f"{kind}: {', '.join(names)}" for kind, names in problems.items() if names]
    if found:
        raise AccessError("classes", "; ".join(found))


def _physical_columns(
    connection: duckdb.DuckDBPyConnection, database: str
) -> dict[str, dict[str, str]]:
    rows = connection.execute(
        """
        select schema_name || '.' || table_name, lower(column_name), data_type
        from duckdb_columns()
        where database_name = $1 and not internal
        order by all
        """,
        [database],
    ).fetchall()
    columns: dict[str, dict[str, str]] = {}
    for relation, column, kind in rows:
        columns.setdefault(relation, {})[column] = _plain_type(kind)
    return columns


def _described_columns(catalog: Catalog) -> dict[str, dict[str, str]]:
    return {
        label: {column.name: _plain_type(column.data_type) for column in each.columns}
        for label, each in catalog.items()
    }


def _plain_type(name: str) -> str:
    plain = re.sub(r"\s+", "", name.lower())
    return _SAME_TYPE.get(plain, plain)


def _without_contract(catalog: Catalog) -> list[str]:
    return sorted(name for name, each in catalog.items() if not each.is_contracted)


def _unclassified(catalog: Catalog) -> list[str]:
    return [
        _label(relation, column)
        for relation, column in _columns(catalog)
        if not column.sensitivity
    ]


def _misclassified(catalog: Catalog) -> list[str]:
    return [
        _label(relation, column)
        for relation, column in _columns(catalog)
        if column.sensitivity and column.sensitivity not in CLASSES
    ]


def _columns(catalog: Catalog) -> list[tuple[Relation, Column]]:
    return [(each, column) for each in catalog.values() for column in each.columns]


def _label(relation: Relation, column: Column) -> str:
    return f"{relation.label}.{column.name}"


def _only_in(one: _Types, other: _Types) -> list[str]:
    """Whole relations, and columns of relations that both have."""
    relations = sorted(one.keys() - other.keys())
    columns = [
        f"{relation}.{column}"
        for relation in sorted(one.keys() & other.keys())
        for column in sorted(one[relation].keys() - other[relation].keys())
    ]
    return relations + columns


def _retyped(described: _Types, physical: _Types) -> list[str]:
    return [
        f"{relation}.{column}"
        for relation in sorted(described.keys() & physical.keys())
        for column, kind in described[relation].items()
        if physical[relation].get(column, kind) != kind
    ]
