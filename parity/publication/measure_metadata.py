"""The metadata file: one row for every measure that a publication shows, none besides.

The columns are those of NHS England's metadata of measures, filled from the registry,
and ours after them. Where the official file names derived items by number, ours names
the columns that the registry names: they are what this warehouse counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import polars as pl

from parity.publication.errors import PublicationError

_FACTS = "fct_referral_months"

_COLUMNS = (
    "measure_type",
    "frequency",
    "measure_id",
    "measure_name",
    "description",
    "derivation_uids",
    "tables_used",
    "construction",
    "rule_set",
    "threshold_set",
    "source_submission",
    "suppression_profile",
    "numerator_id",
    "denominator_id",
    "deviation",
)


def metadata_file(
    registry: pl.DataFrame,
    thresholds: pl.DataFrame,
    shown: Iterable[str],
    edition: str,
    profile: str,
) -> pl.DataFrame:
    """One row per measure id of `shown`, in the registry's order; all text.

    registry: the rows of the seed measure_registry. thresholds: of scale_thresholds.
    Raises PublicationError when a measure is shown that the registry does not have.
    """
    by_id = {row["measure_id"]: row for row in registry.to_dicts()}
    wanted = set(shown)
    if unknown := sorted(wanted - by_id.keys()):
        raise PublicationError(
            "not_in_registry", f"measures without a registry row: {', '.join(unknown)}"
        )
    fixed = {
        "tables_used": _FACTS,
        "threshold_set": f"sha256:{_digest(thresholds)}",
        "source_submission": edition,
        "suppression_profile": profile,
    }
    rows = [
        {**fixed, **_described(row, by_id)}
        for measure_id, row in by_id.items()
        if measure_id in wanted
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String))


def _described(row: dict[str, str], by_id: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        "measure_type": row["origin_row"].split(" ")[0],
        "frequency": row["frequency"],
        "measure_id": row["measure_id"],
        "measure_name": row["measure_name"],
        "description": row["description"],
        "derivation_uids": "; ".join(_columns_counted(row, by_id)),
        "construction": _construction(row),
        "rule_set": f"{row['origin_publication']}, {row['origin_edition']}",
        "numerator_id": row["numerator_id"],
        "denominator_id": _denominator(row),
        "deviation": row["deviation"],
    }


def _columns_counted(
    row: dict[str, str], by_id: dict[str, dict[str, str]]
) -> list[str]:
    """The columns that a measure stands on, through its numerator and denominator."""
    own = [row["flag_column"] or row["value_column"]]
    parts = ("numerator_id", "denominator_id", "denominator_less_id")
    below = [by_id[row[part]]["flag_column"] for part in parts if row[part]]
    return [name for name in own + below if name]


def _construction(row: dict[str, str]) -> str:
    if row["statistic"] == "count":
        return f"Number of pathways of the month where {row['flag_column']}"
    if row["statistic"] == "percentage":
        return f"{row['numerator_id']} / ({_denominator(row)}) * 100"
    return f"{row['statistic'].capitalize()} of {row['value_column']} where it is known"


def _denominator(row: dict[str, str]) -> str:
    less = row["denominator_less_id"]
    return f"{row['denominator_id']} - {less}" if less else row["denominator_id"]


def _digest(thresholds: pl.DataFrame) -> str:
    """Which thresholds: they are public, so a plain digest names the set."""
    return hashlib.sha256(thresholds.write_csv().encode("utf-8")).hexdigest()
