"""The class gate: what the manifest and the built file must agree on, or all stops."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_catalog import (
    TABLES,
    create_statements,
    home_manifest,
    manifest_of,
    write_manifest,
)
from small_warehouse import make_home, write_warehouse

from parity.access import AccessError, check_classes, check_home_classes
from parity.access.catalog import read_catalog


@pytest.fixture
def built() -> duckdb.DuckDBPyConnection:
    """An in-memory warehouse that agrees with the manifest of TABLES."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse")
    for statement in create_statements(TABLES):
        connection.execute(statement)
    return connection


def problems(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]
) -> str:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    with pytest.raises(AccessError) as refused:
        check_classes(path, connection)
    assert refused.value.code == "classes"
    return refused.value.message


@pytest.mark.attack(26, control=True)
def test_agreement_passes(tmp_path: Path, built: duckdb.DuckDBPyConnection) -> None:
    check_classes(write_manifest(tmp_path / "manifest.json", TABLES), built)


@pytest.mark.attack(26)
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            "alter table warehouse.core.dim_people add column postcode varchar",
            "in the file, not in the YAML: core.dim_people.postcode",
        ),
        (
            "alter table warehouse.core.dim_people drop column ethnic_group",
            "in the YAML, not in the file: core.dim_people.ethnic_group",
        ),
        (
            "alter table warehouse.core.dim_people rename ethnic_group to ethnicity",
            "in the file, not in the YAML: core.dim_people.ethnicity; "
            "in the YAML, not in the file: core.dim_people.ethnic_group",
        ),
        (
            "alter table warehouse.core.fct_referrals "
            "alter phq_9_first_score type decimal(8,2)",
            "of another type than the YAML says: core.fct_referrals.phq_9_first_score",
        ),
        (
            "create table warehouse.core.left_over (a integer)",
            "in the file, not in the YAML: core.left_over",
        ),
        (
            "create view warehouse.core.peep as from warehouse.core.dim_people",
            "in the file, not in the YAML: core.peep",
        ),
        (
            "drop table warehouse.core.dim_people",
            "in the YAML, not in the file: core.dim_people",
        ),
    ],
)
def test_a_changed_file_stops(
    tmp_path: Path, built: duckdb.DuckDBPyConnection, change: str, problem: str
) -> None:
    built.execute(change)
    assert problems(tmp_path, built, manifest_of(TABLES)) == problem


def _column(manifest: dict[str, Any]) -> dict[str, Any]:
    node = manifest["nodes"]["node.core.dim_people"]
    column: dict[str, Any] = node["columns"]["ethnic_group"]
    return column


@pytest.mark.attack(26)
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda manifest: _column(manifest)["config"]["meta"].clear(),
            "without a class: core.dim_people.ethnic_group",
        ),
        (
            lambda manifest: _column(manifest)["config"]["meta"].update(
                sensitivity="harmless"
            ),
            "of an unknown class: core.dim_people.ethnic_group",
        ),
        (
            lambda manifest: manifest["nodes"]["node.core.dim_people"][
                "contract"
            ].update(enforced=False),
            "without a contract: core.dim_people",
        ),
        (
            lambda manifest: _column(manifest).update(data_type=None),
            "of another type than the YAML says: core.dim_people.ethnic_group",
        ),
    ],
)
def test_a_changed_yaml_stops(
    tmp_path: Path,
    built: duckdb.DuckDBPyConnection,
    change: Callable[[dict[str, Any]], None],
    problem: str,
) -> None:
    manifest = copy.deepcopy(manifest_of(TABLES))
    change(manifest)
    assert problems(tmp_path, built, manifest) == problem


def test_spellings_of_a_type_are_one_type(
    tmp_path: Path, built: duckdb.DuckDBPyConnection
) -> None:
    manifest = manifest_of(TABLES)
    _column(manifest)["data_type"] = "TEXT"
    referrals = manifest["nodes"]["node.core.fct_referrals"]["columns"]
    referrals["phq_9_first_score"]["data_type"] = "Decimal(7, 2)"
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    check_classes(path, built)


def test_ephemeral_models_have_no_table(
    tmp_path: Path, built: duckdb.DuckDBPyConnection
) -> None:
    tables = {**TABLES, "core.helper": (("a", "integer", "open"),)}
    manifest = manifest_of(tables)
    manifest["nodes"]["node.core.helper"]["config"]["materialized"] = "ephemeral"
    manifest["nodes"]["test.unique"] = {"resource_type": "test"}
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    check_classes(path, built)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"nodes": {"a": {}}}'])
def test_a_manifest_that_cannot_be_read_stops(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(AccessError) as refused:
        read_catalog(path)
    assert refused.value.code == "no_manifest"


def test_the_gate_of_a_home_reads_its_file_and_its_manifest(tmp_path: Path) -> None:
    home, keyring = make_home(tmp_path / "home")
    write_warehouse(home, keyring, create_statements(TABLES))
    home_manifest(home, TABLES)
    check_home_classes(home, keyring)
    write_warehouse(home, keyring, ["create table warehouse.core.new (a integer)"])
    with pytest.raises(AccessError) as refused:
        check_home_classes(home, keyring)
    assert refused.value.message == "in the file, not in the YAML: core.new"
