"""Every rule of the specification over one submission.

What belongs here: the order of the rules and what they lead to. What a rule tests
stands in `rules`, what falls with what in `fall`, what the provider reads in `answer`.

A file rule that is broken rejects the file: nothing of it is kept. Structure comes
first and alone, because nothing else can be trusted then. A group or record rule drops
its rows and what hangs below; a warning drops nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from parity.home.reference import Reference
from parity.intake.fall import FAILURE_SCHEMA, fall
from parity.intake.reader import RawSubmission
from parity.intake.rules import ROW_KINDS, Context, NotCheckedError
from parity.intake.rules.codes import met
from parity.intake.rules.whole_file import (
    Fault,
    header,
    no_row_in_period,
    no_rows,
    structure,
)
from parity.intake.slot import Slot
from parity.specification import Rule, Specification


@dataclass(frozen=True)
class TableCount:
    """Rows of one table: as received, and as kept."""

    received: int
    kept: int


@dataclass(frozen=True)
class Validation:
    """What the rules say about a submission; holds no value in its failures.

    failures: rule_id, level, table, row_number (null where a rule is about the file),
        cascade (the row fell because another did), cause (the rule that began it).
    kept: by table, row_number and the official columns as normal text: blanks around
        codes gone, keys as sent. Empty frames when the file is rejected.
    details: sentences about the structure. not_checked: rule_id -> why.
    notes: how the file was read.
    """

    accepted: bool
    failures: pl.DataFrame
    kept: dict[str, pl.DataFrame]
    counts: Mapping[str, TableCount]
    details: tuple[str, ...]
    not_checked: Mapping[str, str]
    notes: tuple[str, ...]


def validate(
    raw: RawSubmission,
    slot: Slot,
    spec: Specification,
    reference: Reference,
    received_at: datetime,
) -> Validation:
    """Apply every rule. received_at: with a zone, or UTC."""
    faults = tuple(structure(raw))
    if faults:
        return _rejected_for_structure(raw, spec, faults)
    context = Context.of(raw.tables, slot, spec, reference, received_at)
    failures, not_checked = _row_failures(context)
    failures = pl.concat([failures, *_file_failures(context, failures)])
    state, cascaded = fall(context.rows, failures, spec)
    kept = {
        name: context.sent(name).filter(state[name].get_column("cause").is_null())
        for name in spec.tables
    }
    late = _late_failures(context, kept, is_rejected=_rejects(failures))
    failures = _in_rule_order(pl.concat([failures, cascaded, *late]), spec)
    accepted = not _rejects(failures)
    if not accepted:
        kept = {name: frame.clear() for name, frame in kept.items()}
    return Validation(
        accepted=accepted,
        failures=failures,
        kept=kept,
        counts=_counts(raw, kept),
        details=(),
        not_checked=not_checked,
        notes=(*raw.notes, *reference.missing),
    )


def _rejected_for_structure(
    raw: RawSubmission, spec: Specification, faults: Iterable[Fault]
) -> Validation:
    (rule,) = (rule for rule in spec.rules if rule.kind == "structure")
    kept = {name: frame.clear() for name, frame in raw.tables.items()}
    unchecked = "the file has not the structure of the data set"
    return Validation(
        accepted=False,
        failures=_of_faults(rule, faults),
        kept=kept,
        counts=_counts(raw, kept),
        details=tuple(fault.detail for fault in faults),
        not_checked={r.rule_id: unchecked for r in spec.rules if r is not rule},
        notes=raw.notes,
    )


def _row_failures(context: Context) -> tuple[pl.DataFrame, dict[str, str]]:
    """Failures of the rules about rows, and the rules that could not be evaluated."""
    tests: dict[str, dict[str, pl.Expr]] = {name: {} for name in context.spec.tables}
    not_checked = {}
    for rule in context.spec.rules:
        if rule.kind in ROW_KINDS:
            try:
                test = ROW_KINDS[rule.kind](rule, context)
            except NotCheckedError as reason:
                not_checked[rule.rule_id] = str(reason)
            else:
                tests[rule.table][rule.rule_id] = test
    found = [_broken(context, name, own) for name, own in tests.items() if own]
    return pl.concat(found), not_checked


def _broken(context: Context, table: str, tests: Mapping[str, pl.Expr]) -> pl.DataFrame:
    levels = {rule.rule_id: rule.level for rule in context.spec.rules}
    masks = context.rows[table].select(
        "row_number",
        *(test.fill_null(value=False).alias(name) for name, test in tests.items()),
    )
    broken = masks.unpivot(
        index="row_number", variable_name="rule_id", value_name="is_broken"
    ).filter("is_broken")
    return broken.select(
        "rule_id",
        pl.col("rule_id").replace_strict(levels).cast(pl.String).alias("level"),
        pl.lit(table).alias("table"),
        "row_number",
        pl.lit(value=False).alias("cascade"),
        pl.col("rule_id").alias("cause"),
    )


def _file_failures(context: Context, failures: pl.DataFrame) -> Iterable[pl.DataFrame]:
    for rule in context.spec.rules:
        if rule.kind == "no_rows":
            yield _of_faults(rule, no_rows(rule, context))
        elif rule.kind == "no_row_in_period":
            yield _of_faults(rule, no_row_in_period(rule, context))
        elif rule.kind == "header":
            yield _of_faults(rule, header(rule, context, failures))


def _late_failures(
    context: Context, kept: Mapping[str, pl.DataFrame], *, is_rejected: bool
) -> Iterable[pl.DataFrame]:
    """Rules about what is left when rows have fallen."""
    for rule in context.spec.rules:
        if rule.kind == "no_child":
            yield _of_faults(rule, _without_child(rule, context, kept))
        elif (
            rule.kind == "nothing_left"
            and not is_rejected
            and kept["IDS101Referral"].is_empty()
        ):
            yield _of_faults(rule, [Fault(rule.table)])


def _without_child(
    rule: Rule, context: Context, kept: Mapping[str, pl.DataFrame]
) -> Iterable[Fault]:
    key = rule.fields[0]
    children = kept[rule.parameters["child"]]
    alone = (
        kept[rule.table]
        .filter(met(rule.parameters["when"], context))
        .join(children, on=key, how="anti", maintain_order="left")
    )
    return [Fault(rule.table, number) for number in alone.get_column("row_number")]


def _of_faults(rule: Rule, faults: Iterable[Fault]) -> pl.DataFrame:
    rows = [
        (rule.rule_id, rule.level, fault.table, fault.row_number, False, rule.rule_id)
        for fault in faults
    ]
    return pl.DataFrame(rows, schema=FAILURE_SCHEMA, orient="row")


def _rejects(failures: pl.DataFrame) -> bool:
    return bool((failures.get_column("level") == "file").any())


def _in_rule_order(failures: pl.DataFrame, spec: Specification) -> pl.DataFrame:
    place = {rule.rule_id: number for number, rule in enumerate(spec.rules)}
    order = pl.col("rule_id").replace_strict(place, return_dtype=pl.Int64)
    return failures.sort(order, "cascade", "row_number", maintain_order=True)


def _counts(
    raw: RawSubmission, kept: Mapping[str, pl.DataFrame]
) -> dict[str, TableCount]:
    return {
        name: TableCount(received=frame.height, kept=kept[name].height)
        for name, frame in raw.tables.items()
    }
