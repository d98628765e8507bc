"""A dbt manifest and a warehouse to go with it, small enough to read. Not a test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from parity.home import Home

# Table to columns: name, type, class. What a real manifest holds and nobody here reads
# is left out.
Tables = Mapping[str, Iterable[tuple[str, str, str]]]

PEOPLE = (
    ("person_id", "uuid", "pseudonym"),
    ("ethnic_group", "varchar", "special_category"),
    ("age_at_latest_period_end", "integer", "quasi_identifier"),
)
REFERRALS = (
    ("pathway_id", "uuid", "pseudonym"),
    ("person_id", "uuid", "pseudonym"),
    ("provider_code", "varchar", "quasi_identifier"),
    ("sub_icb_code", "varchar", "quasi_identifier"),
    ("age_at_referral", "integer", "quasi_identifier"),
    ("days_to_first_treatment", "bigint", "clinical"),
    ("phq_9_first_score", "decimal(7,2)", "clinical"),
    ("is_recovered", "boolean", "clinical"),
    ("pathway_count_below_five", "bigint", "disclosive_count"),
)
OPEN = (("code", "varchar", "open"), ("label", "varchar", "open"))

TABLES: dict[str, Iterable[tuple[str, str, str]]] = {
    "core.dim_organisations": OPEN,
    "core.dim_people": PEOPLE,
    "core.fct_referrals": REFERRALS,
    "core.fct_care_contacts": REFERRALS[:2],
    "core.fct_assessment_scores": REFERRALS[:1],
    "reference.code_lists": OPEN,
    "reference.scales": OPEN,
    "reference.scale_thresholds": OPEN,
    "reference.characteristic_groups": OPEN,
    "intermediate.int_submissions_in_force": (
        ("edition", "varchar", "operational"),
        ("reporting_month", "date", "operational"),
        ("submission_id", "uuid", "operational"),
    ),
}


def manifest_of(tables: Tables) -> dict[str, Any]:
    """A dbt manifest that describes these tables, reference.* as seeds."""
    return {"nodes": {f"node.{label}": _node(label, tables[label]) for label in tables}}


def write_manifest(path: Path, tables: Tables) -> Path:
    """Write the manifest of these tables and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest_of(tables)))
    return path


def home_manifest(home: Home, tables: Tables) -> Path:
    """Write it where a build of this home leaves it."""
    return write_manifest(home.dbt_target / "manifest.json", tables)


def create_statements(tables: Tables, database: str = "warehouse") -> list[str]:
    """Empty tables as the manifest says."""
    schemas = sorted({label.split(".")[0] for label in tables})
    return [f"create schema {database}.{schema}" for schema in schemas] + [
        f"create table {database}.{label} ("
        + ", ".join(f"{name} {kind}" for name, kind, _ in columns)
        + ")"
        for label, columns in tables.items()
    ]


def _node(label: str, columns: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    schema, name = label.split(".")
    is_seed = schema == "reference"
    return {
        "resource_type": "seed" if is_seed else "model",
        "schema": schema,
        "alias": name,
        "description": f"One row per row of {name}; it's small.",
        "config": {"materialized": "seed" if is_seed else "table"},
        "contract": {"enforced": not is_seed},
        "columns": {
            column: {
                "name": column,
                "data_type": kind,
                "description": f"The column's {column}.",
                "config": {"meta": {"sensitivity": sensitivity}},
            }
            for column, kind, sensitivity in columns
        },
    }
