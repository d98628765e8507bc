"""The data set as data: tables, fields, derived columns, code lists and rules.

What belongs here: reading the specification of a data set version (CSV files beside this
one) and the code lists (seeds/) into typed objects. Everything that needs to know a table
or field asks here; nobody types one.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

PROJECT_ROOT = Path(__file__).resolve().parents[2]

_DUCKDB_TYPES = {
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "integer": "INTEGER",
    "uuid": "UUID",
    "boolean": "BOOLEAN",
}
# Treatments after which nothing of the field itself is landed.
_NOT_LANDED = frozenset({"drop", "generalise:age", "generalise:area"})


@dataclass(frozen=True)
class Field:
    """One submitted field of a table; columns of fields.csv."""

    table: str
    name: str
    column: str
    item_name: str
    uid: str
    sequence: int
    type: str
    min_length: int
    max_length: int
    mandation: str
    mandation_verified: str
    key_role: str
    code_list: str
    identifier_class: str
    sensitivity: str
    treatment: str
    note: str
    source: str

    @property
    def pseudonym_domain(self) -> str | None:
        """Domain of the keyed pseudonym that stands for the value, if one does."""
        kind, _, domain = self.treatment.partition(":")
        return domain if kind == "pseudonym" else None

    @property
    def is_landed(self) -> bool:
        """Whether a column of the field's own name is landed."""
        return self.treatment not in _NOT_LANDED


@dataclass(frozen=True)
class Derived:
    """One column that intake adds to a table; columns of derived.csv."""

    table: str
    name: str
    column: str
    type: str
    sensitivity: str
    derivation: str
    meaning: str
    source: str


@dataclass(frozen=True)
class Table:
    """One table of the data set with its fields in order."""

    name: str
    entities: str
    one_row_is: str
    parent_table: str
    parent_key: str
    staged: bool
    fields: tuple[Field, ...]
    derived: tuple[Derived, ...]

    @property
    def landed_columns(self) -> tuple[tuple[str, str], ...]:
        """Names and DuckDB types of the landed table, in order."""
        keys = (("submission_id", "UUID"), ("row_number", "INTEGER"))
        fields = tuple(
            (f.name, "UUID" if f.pseudonym_domain else _duckdb_type(f.type))
            for f in self.fields
            if f.is_landed
        )
        extra = tuple((d.name, _duckdb_type(d.type)) for d in self.derived)
        return keys + fields + extra


@dataclass(frozen=True)
class Specification:
    """A version of the data set."""

    version: str
    tables: Mapping[str, Table]


def _duckdb_type(kind: str) -> str:
    return _DUCKDB_TYPES.get(kind, "VARCHAR")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


_NUMBERS = ("sequence", "min_length", "max_length")


def _named(row: Mapping[str, str]) -> dict[str, str]:
    """The columns under the attribute names: the CSV's `field` is our `name`."""
    return {("name" if k == "field" else k): v for k, v in row.items()}


def _field(row: Mapping[str, str]) -> Field:
    texts = {k: v for k, v in _named(row).items() if k not in _NUMBERS}
    numbers = {k: int(row[k]) for k in _NUMBERS}
    return Field(**texts, **numbers)  # type: ignore[arg-type]


@cache
def load(version: str = "2.1") -> Specification:
    """The specification of a version. Raises FileNotFoundError for an unknown one."""
    folder = Path(__file__).parent / f"v{version.replace('.', '_')}"
    fields = [_field(row) for row in _rows(folder / "fields.csv")]
    derived = [Derived(**_named(row)) for row in _rows(folder / "derived.csv")]
    tables = {
        row["table"]: Table(
            name=row["table"],
            entities=row["entities"],
            one_row_is=row["one_row_is"],
            parent_table=row["parent_table"],
            parent_key=row["parent_key"],
            staged=row["staged"] == "yes",
            fields=tuple(f for f in fields if f.table == row["table"]),
            derived=tuple(d for d in derived if d.table == row["table"]),
        )
        for row in _rows(folder / "tables.csv")
    }
    return Specification(version, MappingProxyType(tables))
