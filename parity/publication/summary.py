"""What a person may be shown of a publication: read back from it, never from the marts.

What belongs here: picking cells out of published files for printing. Whoever prints
with this prints disclosure-controlled figures and cannot print others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from parity.publication.errors import PublicationError
from parity.publication.layout import VALUE_COLUMN
from parity.publication.signing import check_publication

_REFERRED, _ACCESSED = "M001", "M031"
_FINISHED, _RECOVERED, _RECOVERY = "M076", "M191", "M192"


@dataclass(frozen=True)
class GroupSummary:
    """One ethnic group; every figure is published text: a number, `*` or `-`."""

    group: str
    referrals_received: str
    accessed_services: str
    finished_course: str
    recovered: str
    recovery_percentage: str


@dataclass(frozen=True)
class Summary:
    """Access and recovery in England by ethnic group over a financial year to date."""

    period_start: str
    period_end: str
    profile: str
    is_synthetic: bool
    groups: tuple[GroupSummary, ...]


def ethnic_group_summary(folder: Path) -> Summary:
    """The summary of a publication's folder, after its checksums were checked.

    Raises PublicationError when the folder is not a whole publication, or is one of a
    month that does not end what is known of its financial year (no_year, exit code 1).
    """
    manifest = check_publication(folder)
    names = [entry["file"] for entry in manifest["files"]]
    rows = pl.concat(_england_year(folder / name) for name in names if _is_read(name))
    if rows.is_empty():
        raise PublicationError(
            "no_year", "this publication holds no financial year", exit_code=1
        )
    value = {
        (row["GROUP_LABEL"], row["MEASURE_ID"]): row[VALUE_COLUMN]
        for row in rows.to_dicts()
    }
    labels = rows["GROUP_LABEL"].unique(maintain_order=True)
    return Summary(
        period_start=rows.item(0, "REPORTING_PERIOD_START"),
        period_end=rows.item(0, "REPORTING_PERIOD_END"),
        profile=manifest["profile"],
        is_synthetic=manifest["synthetic"],
        groups=tuple(
            GroupSummary(
                group=label,
                referrals_received=value[label, _REFERRED],
                accessed_services=value[label, _ACCESSED],
                finished_course=value[label, _FINISHED],
                recovered=value[label, _RECOVERED],
                recovery_percentage=value[label, _RECOVERY],
            )
            for label in labels
        ),
    )


def _is_read(name: str) -> bool:
    return "equality-access-" in name or "equality-outcomes-" in name


def _england_year(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False).filter(
        pl.col("GROUP_TYPE") == "England",
        pl.col("PERIOD_TYPE") == "financial_year",
        pl.col("CHARACTERISTIC") == "ethnic_group",
    )
