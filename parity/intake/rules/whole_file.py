"""Rules on the file as a whole: its tables, its header, whether it is of the period.

Each function gives the faults of one rule as `Fault`s: the table, and the row where
there is one. They see what was sent; what is left when rows have fallen is tested in
`parity.intake.validation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from parity.intake.reader import RawSubmission
from parity.intake.rules.context import Context, read_name
from parity.specification import ALL_TABLES, Rule


@dataclass(frozen=True)
class Fault:
    """One fault of a file rule. detail: a sentence of ours, official names only."""

    table: str
    row_number: int | None = None
    detail: str = ""


def structure(raw: RawSubmission) -> Iterator[Fault]:
    """What was sent that is not official, and what is official and was not sent."""
    for table in raw.missing_tables:
        yield Fault(table, detail=f"{table} is missing")
    for table, column in raw.missing_columns:
        yield Fault(table, detail=f"{table} lacks the column {column}")
    if raw.unexpected_tables:
        count = raw.unexpected_tables
        detail = f"tables or files that are not of the data set: {count}"
        yield Fault(ALL_TABLES, detail=detail)
    for table, count in raw.unexpected_columns.items():
        detail = f"columns of {table} that are not of the data set, or twice: {count}"
        yield Fault(table, detail=detail)


def no_rows(rule: Rule, context: Context) -> Iterator[Fault]:
    """The rule's table holds no row."""
    if context.rows[rule.table].is_empty():
        yield Fault(rule.table)


def header(rule: Rule, context: Context, failures: pl.DataFrame) -> Iterator[Fault]:
    """More than one header row, or one that breaks a rule that drops its row."""
    rows = context.rows[rule.table]
    of_header = (pl.col("table") == rule.table) & (pl.col("level") == "record")
    if rows.height > 1 or not failures.filter(of_header).is_empty():
        for number in rows.get_column("row_number"):
            yield Fault(rule.table, number)


def no_row_in_period(rule: Rule, context: Context) -> Iterator[Fault]:
    """No date of `dates` lies in the period, and no referral was open in it."""
    start, end = context.slot.period_start, context.slot.period_end
    for name in rule.parameters["dates"].split(","):
        table, _, field = name.partition(".")
        days = context.rows[table].get_column(read_name(field))
        if days.is_between(start, end).any():
            return
    received = pl.col(read_name("ReferralRequestReceivedDate"))
    discharged = pl.col(read_name("ServDischDate"))
    was_open = (received <= end) & (discharged.is_null() | (discharged >= start))
    if context.rows["IDS101Referral"].filter(was_open).is_empty():
        yield Fault(ALL_TABLES)
