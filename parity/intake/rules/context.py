"""What a rule may look at: the rows that were sent, prepared once for all rules.

What belongs here: normal text, readable dates, and dates of the rows above. What a rule
asks of them stands in the modules of the kinds.

Text is normal when the blanks around it are gone and a padded code has its width; keys
stay as they were sent (two keys that differ by a blank are two keys). A value of blanks
only is no value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from parity.home.reference import Reference
from parity.intake.slot import Slot
from parity.specification import Field, Rule, Specification, Table

_LONDON = ZoneInfo("Europe/London")
_SHAPES: Mapping[str, str] = {
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "time": "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$",
    "timestamp": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$",
    "month": "^[0-9]{4}-(0[1-9]|1[0-2])$",
}


class NotCheckedError(Exception):
    """A rule cannot be evaluated; the text says why, for the answer."""


@dataclass(frozen=True)
class Context:
    """One submission as the rules see it.

    rows: by table, row_number and the official columns as normal text, for each date
        field also `read_name(field)` (Date), and for each date of a row above that a
        rule names a column of that name (`Table.Field`, Date).
    received_at: the time of receipt in London, without a zone, as systems write it.
    """

    spec: Specification
    slot: Slot
    reference: Reference
    received_at: datetime
    rows: Mapping[str, pl.DataFrame]

    @classmethod
    def of(
        cls,
        tables: Mapping[str, pl.DataFrame],
        slot: Slot,
        spec: Specification,
        reference: Reference,
        received_at: datetime,
    ) -> "Context":
        """Prepare the raw tables. received_at: UTC when it has no zone."""
        moment = received_at if received_at.tzinfo else received_at.replace(tzinfo=UTC)
        rows = {
            name: tables[name]
            .select("row_number", *(_normal(f, spec) for f in table.fields))
            .with_columns(_readable(f) for f in table.fields if f.type in _SHAPES)
            for name, table in spec.tables.items()
        }
        return cls(
            spec=spec,
            slot=slot,
            reference=reference,
            received_at=moment.astimezone(_LONDON).replace(tzinfo=None),
            rows=_with_rows_above(rows, spec),
        )

    def field(self, rule: Rule) -> Field:
        """The field that a rule is about: the first that it names."""
        table = self.spec.tables[rule.table]
        return next(item for item in table.fields if item.name == rule.fields[0])

    def sent(self, table: str) -> pl.DataFrame:
        """row_number and the official columns of a table as normal text."""
        return self.rows[table].select(
            "row_number", *self.spec.tables[table].field_names
        )


def read_name(field: str) -> str:
    """Name of the column that holds a date, time or month field as it was read."""
    return f"read:{field}"


def _normal(field: Field, spec: Specification) -> pl.Expr:
    text = pl.col(field.name)
    if field.pseudonym_domain:
        return pl.when(text.str.strip_chars() != "").then(text).alias(field.name)
    bare = text.str.strip_chars(" ")
    width = spec.padded_codes.get((field.table, field.name))
    if width is not None:
        significant = bare.str.strip_chars_start("0").str.pad_start(width, "0")
        bare = pl.when(bare.str.contains("^[0-9]+$")).then(significant).otherwise(bare)
    return pl.when(bare != "").then(bare).alias(field.name)


def _readable(field: Field) -> pl.Expr:
    text = pl.when(pl.col(field.name).str.contains(_SHAPES[field.type])).then(
        pl.col(field.name)
    )
    readings = {
        "date": text.str.to_date("%Y-%m-%d", strict=False),
        "time": text.str.to_time("%H:%M:%S", strict=False),
        "timestamp": text.str.to_datetime(
            "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False
        ),
        "month": (text + "-01").str.to_date("%Y-%m-%d", strict=False),
    }
    return readings[field.type].alias(read_name(field.name))


def _with_rows_above(
    rows: Mapping[str, pl.DataFrame], spec: Specification
) -> dict[str, pl.DataFrame]:
    wanted: dict[str, set[str]] = {name: set() for name in spec.tables}
    for rule in spec.rules:
        if rule.table in spec.tables:
            wanted[rule.table] |= set(_named_above(rule))
    return {
        name: _joined(frame, spec.tables[name], sorted(wanted[name]), rows, spec)
        for name, frame in rows.items()
    }


def _named_above(rule: Rule) -> Iterable[str]:
    for side in ("before", "after"):
        name = rule.parameters.get(side, "")
        if "." in name and not name.startswith(f"{rule.table}."):
            yield name


def _joined(
    frame: pl.DataFrame,
    table: Table,
    wanted: Iterable[str],
    rows: Mapping[str, pl.DataFrame],
    spec: Specification,
) -> pl.DataFrame:
    for name in wanted:
        above = _above(table, name, rows, spec)
        frame = frame.join(
            above, on=table.parent_key, how="left", maintain_order="left"
        )
    return frame


def _above(
    table: Table, name: str, rows: Mapping[str, pl.DataFrame], spec: Specification
) -> pl.DataFrame:
    """A date of the row above, by the key of a table; the first where a key is twice.

    A row whose key stands there twice falls with its parents, whatever the date says.
    """
    target, _, field = name.partition(".")
    parent = spec.tables[table.parent_table]
    if parent.name == target:
        found = rows[target].select(
            table.parent_key, pl.col(read_name(field)).alias(name)
        )
    else:
        further = _above(parent, name, rows, spec)
        found = (
            rows[parent.name]
            .select(table.parent_key, parent.parent_key)
            .join(further, on=parent.parent_key, how="left", maintain_order="left")
            .select(table.parent_key, name)
        )
    return found.unique(table.parent_key, keep="first", maintain_order=True)
