"""What dbt's manifest says of every table that it builds: columns, classes, types.

What belongs here: reading the manifest into our own small types. Deciding what a class
means stands in parity.access.policy, checking it against the real file in
parity.access.classification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.access.errors import AccessError

CLASSES = (
    "identifier",
    "pseudonym",
    "quasi_identifier",
    "special_category",
    "clinical",
    "operational",
    "disclosive_count",
    "open",
)


@dataclass(frozen=True)
class Column:
    """A column as its YAML describes it; empty text where the YAML does not say."""

    name: str
    sensitivity: str
    data_type: str
    description: str


@dataclass(frozen=True)
class Relation:
    """A table or view that dbt builds; `schema` is also the name of its layer."""

    schema: str
    name: str
    description: str
    is_contracted: bool
    columns: tuple[Column, ...]

    @property
    def label(self) -> str:
        """Its name for people, for example core.dim_people."""
        return f"{self.schema}.{self.name}"


Catalog = Mapping[str, Relation]


def read_catalog(manifest: Path) -> Catalog:
    """Every model and seed of a manifest by its label. Raises AccessError."""
    try:
        nodes = json.loads(manifest.read_text("utf-8"))["nodes"].values()
        built = [_relation(node) for node in nodes if _is_built(node)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise AccessError(
            "no_manifest", "dbt's manifest cannot be read; run a build first"
        ) from None
    return {relation.label: relation for relation in built}


def _is_built(node: Mapping[str, Any]) -> bool:
    """Ephemeral models have no table: their columns are those of their readers."""
    is_table = node["resource_type"] in ("model", "seed")
    return is_table and node["config"]["materialized"] != "ephemeral"


def _relation(node: Mapping[str, Any]) -> Relation:
    return Relation(
        schema=node["schema"],
        name=node["alias"],
        description=node["description"],
        # dbt has contracts on models only; a seed's types are its column_types.
        is_contracted=node["resource_type"] == "seed" or node["contract"]["enforced"],
        columns=tuple(_column(column) for column in node["columns"].values()),
    )


def _column(column: Mapping[str, Any]) -> Column:
    return Column(
        name=column["name"].lower(),
        sensitivity=column["config"]["meta"].get("sensitivity") or "",
        data_type=column["data_type"] or "",
        description=column["description"],
    )
