"""Which rows fall, and which fall because of them.

What belongs here: the way from rules broken to rows dropped. A row that breaks a group
or record rule falls; then every row falls that hangs below it, or that must have it
beside it (a person needs a registration and a referral), until nothing more falls.

Each fallen row has one cause: the rule by which the first row of its chain fell. The
answer folds the chain under that rule.
"""

from collections.abc import Mapping

import polars as pl

from parity.specification import Rule, Specification

FAILURE_SCHEMA = {
    "rule_id": pl.String,
    "level": pl.String,
    "table": pl.String,
    "row_number": pl.Int64,
    "cascade": pl.Boolean,
    "cause": pl.String,
}
"""Columns of failures: cause is the rule itself, unless the row fell by cascade."""

_DROPPING = ("group", "record")


def fall(
    rows: Mapping[str, pl.DataFrame], failures: pl.DataFrame, spec: Specification
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """What falls when rules are broken.

    rows: by table, with row_number and keys. failures: rules broken by what was sent,
    in the order of the rules.

    Returns row_number and cause (null: the row stays) by table, and the failures of the
    rows that fell because others did.
    """
    rules = [rule for rule in spec.rules if rule.kind == "orphan"]
    state = {
        name: _with_cause(_keys(name, frame, rules), _first_causes(failures, name))
        for name, frame in rows.items()
    }
    fallen = [pl.DataFrame(schema=FAILURE_SCHEMA)]
    while newly := [
        found for rule in rules if not (found := _drop(state, rule)).is_empty()
    ]:
        fallen.extend(newly)
    return state, pl.concat(fallen)


def _keys(name: str, frame: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    keys = {
        rule.fields[0]
        for rule in rules
        if name in (rule.table, rule.parameters["parent"])
    }
    return frame.select("row_number", *sorted(keys))


def _first_causes(failures: pl.DataFrame, name: str) -> pl.DataFrame:
    return (
        failures.filter(
            (pl.col("table") == name)
            & pl.col("level").is_in(_DROPPING)
            & pl.col("row_number").is_not_null()
        )
        .unique("row_number", keep="first", maintain_order=True)
        .select("row_number", "cause")
    )


def _with_cause(frame: pl.DataFrame, causes: pl.DataFrame) -> pl.DataFrame:
    return frame.join(causes, on="row_number", how="left", maintain_order="left")


def _drop(state: dict[str, pl.DataFrame], rule: Rule) -> pl.DataFrame:
    """Drop the rows of a rule's table whose rows in `parent` have all fallen.

    Rows without any such row were dropped before, by the rule itself.
    """
    key = rule.fields[0]
    parent = state[rule.parameters["parent"]].filter(pl.col(key).is_not_null())
    child = state[rule.table]
    newly = (
        child.filter(pl.col("cause").is_null() & pl.col(key).is_not_null())
        .drop("cause")
        .join(parent.filter(pl.col("cause").is_null()), on=key, how="anti")
        .join(
            parent.select(key, "cause").unique(key, keep="first", maintain_order=True),
            on=key,
            maintain_order="left",
        )
    )
    if not newly.is_empty():
        found = newly.select("row_number", pl.col("cause").alias("found"))
        state[rule.table] = (
            child.join(found, on="row_number", how="left", maintain_order="left")
            .with_columns(pl.coalesce("cause", "found").alias("cause"))
            .drop("found")
        )
    return newly.select(
        pl.lit(rule.rule_id).alias("rule_id"),
        pl.lit(rule.level).alias("level"),
        pl.lit(rule.table).alias("table"),
        "row_number",
        pl.lit(value=True).alias("cascade"),
        "cause",
    )
