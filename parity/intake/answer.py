"""The answer to a provider: what became of a submission, rule by rule.

What belongs here: folding failures under their rules, and the three files that say so
with the same codes. There is no value of the submission in them, not even a name that
came with it: counts, positions of rows, and sentences of the specification.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from parity.home.private_files import write_private
from parity.intake.slot import Slot
from parity.intake.validation import Validation
from parity.specification import Rule, Specification

MOST_POSITIONS = 10
_STATES: Mapping[str, str] = {
    "accepted": "The submission was accepted and loaded.",
    "replayed": "The submission is the one already in force; nothing changed.",
    "rejected": "The submission was rejected; nothing of it was loaded.",
}
_EFFECTS: Mapping[str, str] = {
    "file": "rejects the file",
    "group": "drops the rows and what hangs below them",
    "record": "drops the rows and what hangs below them",
    "warning": "drops nothing",
}
_HEADINGS: Mapping[str, str] = {
    "file": "File rules: each rejects the file",
    "group": "Group rules: the rows, and what hangs below them, are dropped",
    "record": "Record rules: the rows, and what hangs below them, are dropped",
    "warning": "Warnings: nothing is dropped",
}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class AnswerPaths:
    """The three files of an answer."""

    html: Path
    csv: Path
    json: Path


@dataclass(frozen=True)
class RuleAnswer:
    """One rule that was broken in one table.

    count: rows (or faults of the file). share: per cent of the table's rows, None where
    the rule is about the file. first_rows: positions in the order of the file.
    further_rows: rows anywhere that fell because of these.
    """

    rule_id: str
    level: str
    effect: str
    table: str
    fields: tuple[str, ...]
    count: int
    share: float | None
    first_rows: tuple[int, ...]
    further_rows: int
    message: str
    remedy: str
    is_confirmed: bool


def write_answer(
    validation: Validation,
    slot: Slot,
    spec: Specification,
    folder: Path,
    submission_ref: str,
    state: str,
) -> AnswerPaths:
    """Write answer.html, answer.csv and answer.json (mode 0600) into a folder.

    submission_ref: the identifier of the receipt. state: accepted, replayed, rejected.
    """
    rules = rule_answers(validation, spec)
    content = _content(validation, slot, spec, submission_ref, state)
    content["rules"] = rules
    paths = AnswerPaths(
        html=folder / "answer.html",
        csv=folder / "answer.csv",
        json=folder / "answer.json",
    )
    write_private(paths.html, _page(content, rules).encode())
    write_private(paths.csv, _table(rules).encode())
    text = json.dumps(content, indent=2, default=asdict)
    write_private(paths.json, f"{text}\n".encode())
    return paths


def rule_answers(validation: Validation, spec: Specification) -> list[RuleAnswer]:
    """Broken rules in their order; what fell by cascade is counted under its cause."""
    rules = {rule.rule_id: rule for rule in spec.rules}
    further = _further_rows(validation.failures)
    grouped = (
        validation.failures.filter(~pl.col("cascade"))
        .group_by("rule_id", "table", maintain_order=True)
        .agg(pl.len(), pl.col("row_number").drop_nulls().sort().head(MOST_POSITIONS))
    )
    answers = []
    for rule_id, table, count, positions in grouped.iter_rows():
        # Only once where one rule speaks of several tables: the structure.
        fell = further.pop(rule_id, 0)
        received = validation.counts[table].received if positions else 0
        answers.append(
            _answer(rules[rule_id], table, count, received, tuple(positions), fell)
        )
    return answers


def _answer(
    rule: Rule,
    table: str,
    count: int,
    received: int,
    positions: tuple[int, ...],
    further: int,
) -> RuleAnswer:
    return RuleAnswer(
        rule_id=rule.rule_id,
        level=rule.level,
        effect=_EFFECTS[rule.level],
        table=table,
        fields=rule.fields,
        count=count,
        share=round(100 * count / received, 1) if received else None,
        first_rows=positions,
        further_rows=further,
        message=rule.message,
        remedy=rule.remedy,
        is_confirmed=rule.verified == "yes",
    )


def _further_rows(failures: pl.DataFrame) -> dict[str, int]:
    """Rows that fell by cascade, by the rule that began it; each row once."""
    counted = (
        failures.filter("cascade")
        .unique(["table", "row_number"])
        .group_by("cause")
        .len()
    )
    return dict(counted.iter_rows())


def _content(
    validation: Validation,
    slot: Slot,
    spec: Specification,
    submission_ref: str,
    state: str,
) -> dict[str, object]:
    return {
        "submission": submission_ref,
        "state": state,
        "state_in_words": _STATES[state],
        "provider": slot.provider_code,
        "month": f"{slot.month:%Y-%m}",
        "kind": slot.kind,
        "data_set_version": spec.version,
        "tables": [
            {"table": name, "received": count.received, "kept": count.kept}
            for name, count in validation.counts.items()
        ],
        "structure": list(validation.details),
        "not_checked": _not_checked(validation.not_checked),
        "notes": list(validation.notes),
    }


def _not_checked(reasons: Mapping[str, str]) -> list[dict[str, object]]:
    by_reason: dict[str, list[str]] = {}
    for rule_id, reason in reasons.items():
        by_reason.setdefault(reason, []).append(rule_id)
    return [{"reason": reason, "rules": ids} for reason, ids in by_reason.items()]


def _page(content: Mapping[str, object], rules: Sequence[RuleAnswer]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    levels = [
        (heading, [rule for rule in rules if rule.level == level])
        for level, heading in _HEADINGS.items()
    ]
    return environment.get_template("answer.html.j2").render(
        **content,
        levels=[(heading, group) for heading, group in levels if group],
        most_positions=MOST_POSITIONS,
    )


def _table(rules: Sequence[RuleAnswer]) -> str:
    names = list(RuleAnswer.__dataclass_fields__)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for rule in rules:
        writer.writerow([_cell(getattr(rule, name)) for name in names])
    return stream.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return formula_safe("; ".join(str(part) for part in value))
    return formula_safe(str(value))


def formula_safe(text: str) -> str:
    """The text as a spreadsheet shows it and does not run it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
