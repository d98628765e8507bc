"""Reads the specification's CSV files into the objects of `model`.

What belongs here: files, paths, and the checks that make a wrong row stop the program
at once (an unknown type, a rule on a column that does not exist). No submission is
read here.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from parity.specification.model import (
    LANDED_TYPES,
    Code,
    Derived,
    Field,
    Rule,
    Scale,
    Specification,
    Table,
)

PROJECT_ROOT = Path(__file__).resolve().parents[2]
"""The folder of dbt_project.yml: dbt's files are found from here, never from the
working directory."""

LEVELS = ("file", "group", "record", "warning")
ALL_TABLES = "(all tables)"
_HERE = Path(__file__).resolve().parent
_SEEDS = PROJECT_ROOT / "seeds"
_FOLDERS: Mapping[str, str] = {"2.1": "v2_1"}
_Row = TypeVar("_Row")


class SpecificationError(Exception):
    """The specification's own files are wrong: a fault of ours, not of the data."""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def _code_lists() -> dict[str, tuple[Code, ...]]:
    lists: dict[str, list[Code]] = {}
    for row in _rows(_SEEDS / "code_lists.csv"):
        code = Code(
            code=row["code"],
            kind=row["kind"],
            first_version=row["valid_from_version"],
            last_version=row["valid_to_version"],
        )
        lists.setdefault(row["code_list"], []).append(code)
    # The seed names the standard once instead of its codes; here they are.
    lists["language"].extend(
        Code(code=row["code"], kind="national", first_version="2.0", last_version="")
        for row in _rows(_HERE / "iso_639_1.csv")
    )
    return {name: tuple(codes) for name, codes in lists.items()}


def _scales(version: str) -> tuple[Scale, ...]:
    return tuple(
        Scale(
            scale_id=row["scale_id"],
            snomed_code=row["snomed_code"],
            family=row["family"],
            minimum=float(row["minimum_score"]) if row["minimum_score"] else None,
            maximum=float(row["maximum_score"]) if row["maximum_score"] else None,
            answers=tuple(answer for answer in row["answers"].split("; ") if answer),
            value_format=row["value_format"],
        )
        for row in _rows(_SEEDS / "scales.csv")
        if version in row["data_set_versions"].split("; ") and row["snomed_code"]
    )


def _field(row: Mapping[str, str]) -> Field:
    return Field(
        table=row["table"],
        name=row["field"],
        column=row["column"],
        item_name=row["item_name"],
        uid=row["uid"],
        sequence=int(row["sequence"]),
        type=row["type"],
        min_length=int(row["min_length"]),
        max_length=int(row["max_length"]),
        mandation=row["mandation"],
        mandation_verified=row["mandation_verified"],
        key_role=row["key_role"],
        code_list=row["code_list"],
        identifier_class=row["identifier_class"],
        sensitivity=row["sensitivity"],
        treatment=row["treatment"],
        note=row["note"],
        source=row["source"],
    )


def _derived(row: Mapping[str, str]) -> Derived:
    return Derived(
        table=row["table"],
        name=row["field"],
        column=row["column"],
        type=row["type"],
        sensitivity=row["sensitivity"],
        derivation=row["derivation"],
        meaning=row["meaning"],
        source=row["source"],
    )


def _parameters(text: str) -> Mapping[str, str]:
    """`name=value; name=value` as a read-only mapping."""
    pairs = (part.partition("=") for part in text.split("; ") if part)
    return MappingProxyType({name: value for name, _, value in pairs})


def _rule(row: Mapping[str, str]) -> Rule:
    return Rule(
        rule_id=row["rule_id"],
        level=row["level"],
        table=row["table"],
        fields=tuple(name for name in row["fields"].split("; ") if name),
        kind=row["kind"],
        parameters=_parameters(row["parameters"]),
        message=row["message"],
        remedy=row["remedy"],
        verified=row["verified"],
        source=row["source"],
    )


def _read(path: Path, build: Callable[[Mapping[str, str]], _Row]) -> list[_Row]:
    try:
        return [build(row) for row in _rows(path)]
    except (KeyError, ValueError) as error:
        raise SpecificationError(f"{path.name}: a row is not well formed") from error


def _table(
    row: Mapping[str, str], fields: Iterable[Field], derived: Iterable[Derived]
) -> Table:
    name = row["table"]
    own = (item for item in fields if item.table == name)
    return Table(
        name=name,
        entities=row["entities"],
        one_row_is=row["one_row_is"],
        parent_table=row["parent_table"],
        parent_key=row["parent_key"],
        staged=row["staged"] == "yes",
        fields=tuple(sorted(own, key=lambda item: item.sequence)),
        derived=tuple(item for item in derived if item.table == name),
    )


def _check_rule(rule: Rule, tables: Mapping[str, Table]) -> None:
    if rule.level not in LEVELS:
        raise SpecificationError(f"{rule.rule_id}: unknown level")
    if rule.table == ALL_TABLES:
        return
    if rule.table not in tables:
        raise SpecificationError(f"{rule.rule_id}: unknown table")
    if not set(rule.fields) <= set(tables[rule.table].field_names):
        raise SpecificationError(f"{rule.rule_id}: unknown field")


def _check_field(item: Field) -> None:
    if item.type not in LANDED_TYPES:
        raise SpecificationError(f"{item.table}.{item.name}: unknown type")


@cache
def load(version: str = "2.1") -> Specification:
    """One version of the data set.

    Raises:
        SpecificationError: no such version, or a row of its files is wrong.
    """
    if version not in _FOLDERS:
        raise SpecificationError(f"no specification of version {version}")
    folder = _HERE / _FOLDERS[version]
    fields = _read(folder / "fields.csv", _field)
    derived = _read(folder / "derived.csv", _derived)
    rows = _rows(folder / "tables.csv")
    tables = {row["table"]: _table(row, fields, derived) for row in rows}
    rules = tuple(_read(folder / "rules.csv", _rule))
    for item in fields:
        _check_field(item)
    for rule in rules:
        _check_rule(rule, tables)
    return Specification(
        version=version,
        tables=MappingProxyType(tables),
        rules=rules,
        code_lists=MappingProxyType(_code_lists()),
        scales=_scales(version),
        padded_codes=MappingProxyType(
            {
                (row["table"], row["field"]): int(row["width"])
                for row in _rows(folder / "padded_codes.csv")
            }
        ),
    )
