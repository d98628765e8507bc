"""Rules that hold a date against another: the period, the row above, the same row.

Each function gives an expression over the rows of the rule's table, true where the rule
is broken. A date that is not there, or cannot be read, breaks none of them.
"""

from datetime import date

import polars as pl

from parity.intake.rules.context import Context, read_name
from parity.specification import Rule


def compare(rule: Rule, context: Context) -> pl.Expr:
    """Before the date `before`, or after the date `after` (plus `days` or `years`).

    unit=month: the days of the month do not count.
    """
    wrong = []
    ours = _in_unit(pl.col(read_name(rule.fields[0])), rule)
    if "before" in rule.parameters:
        wrong.append(
            ours < _in_unit(_other(rule.parameters["before"], rule, context), rule)
        )
    if "after" in rule.parameters:
        wrong.append(ours > _in_unit(_latest(rule, context), rule))
    return pl.any_horizontal(wrong)


def compare_time(rule: Rule, context: Context) -> pl.Expr:
    """Later than the submission was received."""
    return pl.col(read_name(rule.fields[0])) > context.received_at


def birth_date(rule: Rule, context: Context) -> pl.Expr:
    """After the period's end, or more than `oldest` years old at its start."""
    born = pl.col(read_name(rule.fields[0]))
    start = context.slot.period_start
    # Whoever is older than n has had birthday n + 1.
    limit = start.replace(year=start.year - int(rule.parameters["oldest"]) - 1)
    return (born > context.slot.period_end) | (born <= limit)


def _latest(rule: Rule, context: Context) -> pl.Expr:
    shift = f"{rule.parameters.get('years', '0')}y{rule.parameters.get('days', '0')}d"
    return _other(rule.parameters["after"], rule, context).dt.offset_by(shift)


def _other(name: str, rule: Rule, context: Context) -> pl.Expr:
    """A date by its name: of the period, fixed, of this row or of a row above."""
    fixed = {
        "period_start": context.slot.period_start,
        "period_end": context.slot.period_end,
    }
    if name in fixed:
        return pl.lit(fixed[name])
    table, _, field = name.partition(".")
    if not field:
        return pl.lit(date.fromisoformat(name))
    return pl.col(read_name(field) if table == rule.table else name)


def _in_unit(value: pl.Expr, rule: Rule) -> pl.Expr:
    return value.dt.month_start() if rule.parameters.get("unit") == "month" else value
