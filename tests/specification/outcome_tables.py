"""Drawn tables of outcomes: reading them, and running the outcomes model over them.

What belongs here: the way from a drawn row to the model's input tables and from its
output back to the words of the drawing. The model's SQL is what dbt compiles; no
warehouse and no home is needed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml

ROOT = Path(__file__).parents[2]
MODEL = "int_outcomes_by_month"

Drawn = dict[str, str]
Pair = tuple[Decimal | None, Decimal | None]

# The scales as the drawings name them, and as the warehouse does.
SCALES = {
    "GAD-7": "gad_7",
    "MI": "mobility_alone",
    "SPIN": "spin",
    "PDSS": "pdss",
    "OCI": "oci",
    "PCL-5": "pcl_5",
    "HAI": "hai",
    "BIQ": "biq",
    "IBS": "ibs_sss",
    "CFQ": "cfq",
    "PHQ-15": "phq_15",
}


def read_drawing(drawing: str) -> list[Drawn]:
    """Rows of a drawn table by the words of its heading."""
    lines = [line for line in drawing.strip().splitlines() if not line.startswith("|-")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


def read_pair(text: str) -> Pair:
    """`12 > 7` is a first and a last score; `?` is a score that was not taken."""
    first, last = (part.strip() for part in text.split(">"))
    return _score(first), _score(last)


def _score(text: str) -> Decimal | None:
    return None if text == "?" else Decimal(text)


@dataclass(frozen=True)
class Scored:
    """A drawn row as numbers. own: the problem's own scale and its scores, or None."""

    problem: str | None
    phq: Pair
    gad: Pair
    own: tuple[str, Pair] | None
    is_discharged: bool
    sessions: int

    @classmethod
    def of(cls, row: Drawn) -> Scored:
        """Discharged after two sessions, unless the drawing says otherwise."""
        own = None
        if row["own scale"]:
            scale, _, scores = row["own scale"].partition(" ")
            own = scale, read_pair(scores)
        return cls(
            problem=row["problem"] or None,
            phq=read_pair(row["PHQ-9"]),
            gad=read_pair(row["GAD-7"]),
            own=own,
            is_discharged=row.get("discharged", "yes") == "yes",
            sessions=int(row.get("sessions", "2")),
        )


class OutcomesModel:
    """The compiled outcomes model over drawn referrals."""

    def __init__(self, target: Path, variables: Mapping[str, Any]) -> None:
        self._sql = _compile(target, variables)

    def outcomes(self, rows: list[Scored]) -> list[dict[str, Any]]:
        """One row of the model for each drawn row, in order."""
        connection = duckdb.connect()
        connection.execute("create schema intermediate; create schema reference")
        for seed in ("scale_thresholds", "problem_scales"):
            _create_seed(connection, seed)
        _create_inputs(connection)
        for number, row in enumerate(rows, start=1):
            _insert(connection, number, row)
        result = connection.execute(f"select * from ({self._sql}) order by pathway_key")
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _compile(target: Path, variables: Mapping[str, Any]) -> str:
    environment = {
        **os.environ,
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "DO_NOT_TRACK": "1",
    }
    arguments = [
        "--target",
        "check",
        "--select",
        MODEL,
        "--vars",
        json.dumps(variables),
    ]
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "compile", *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )
    (compiled,) = (target / "compiled").rglob(f"{MODEL}.sql")
    return compiled.read_text(encoding="utf-8")


def _create_seed(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """A seed under the column types that its YAML gives."""
    properties = yaml.safe_load((ROOT / f"seeds/{name}.yml").read_text("utf-8"))
    (seed,) = properties["seeds"]
    types = seed["config"]["column_types"]
    casts = ", ".join(f"cast({column} as {kind})" for column, kind in types.items())
    columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
    connection.execute(f"create table reference.{name} ({columns})")
    connection.execute(
        f"insert into reference.{name} select {casts} "
        f"from read_csv('{ROOT}/seeds/{name}.csv', all_varchar = true)"
    )


def _create_inputs(connection: duckdb.DuckDBPyConnection) -> None:
    grain = "edition varchar, pathway_key integer, reporting_month date"
    for name, columns in {
        "int_referral_months": "data_set_version varchar, service_discharge_date date",
        "int_care_spells_by_month": "is_finished_course boolean",
        "int_complaints_chosen_by_month": "validated_presenting_complaint varchar",
        "int_first_last_scores_by_month": (
            "scale_id varchar, first_score decimal(7, 2), latest_score decimal(7, 2)"
        ),
    }.items():
        connection.execute(f"create table intermediate.{name} ({grain}, {columns})")


def _insert(connection: duckdb.DuckDBPyConnection, number: int, row: Scored) -> None:
    def insert(model: str, *values: Any) -> None:
        marks = ", ".join("?" for _ in values)
        connection.execute(
            f"insert into intermediate.{model} "
            f"values ('final', ?, date '2025-04-01', {marks})",
            [number, *values],
        )

    discharged = "2025-04-30" if row.is_discharged else None
    insert("int_referral_months", "2.1", discharged)
    insert("int_care_spells_by_month", row.is_discharged and row.sessions >= 2)
    if row.problem:
        insert("int_complaints_chosen_by_month", row.problem)
    for scale, scores in _score_rows(row):
        if scores[0] is not None:
            insert("int_first_last_scores_by_month", scale, *scores)


def _score_rows(row: Scored) -> list[tuple[str, Pair]]:
    rows = [("phq_9", row.phq), ("gad_7", row.gad)]
    return [*rows, (SCALES[row.own[0]], row.own[1])] if row.own else rows


def in_words(outcome: Mapping[str, Any]) -> Drawn:
    """A row of the model in the words of the drawings."""
    names = {scale: name for name, scale in SCALES.items()}
    return {
        "second scale": names[outcome["adsm_scale_id"]],
        "at the start": _start(
            outcome["is_at_caseness"], outcome["is_not_at_caseness"]
        ),
        "recovery": _yes(outcome["is_recovered"]),
        "change": _change(
            outcome["is_reliably_improved"],
            outcome["is_reliably_deteriorated"],
            outcome["has_no_reliable_change"],
        ),
        "reliable recovery": _yes(outcome["is_reliably_recovered"]),
    }


def _start(is_case: bool | None, is_no_case: bool | None) -> str:
    if is_case is None and is_no_case is None:
        return "unknown"
    return {(True, False): "case", (False, True): "no case", (False, False): "-"}[
        bool(is_case), bool(is_no_case)
    ]


def _change(improved: bool, deteriorated: bool, unchanged: bool) -> str:
    words = {"improved": improved, "deteriorated": deteriorated, "no change": unchanged}
    return " and ".join(word for word, holds in words.items() if holds) or "-"


def _yes(flag: bool) -> str:
    return "yes" if flag else "-"
