"""From text as sent to typed values, strictly, before any engine sees them.

An engine's cast quotes the value that it cannot read, and its message ends in logs.
Here a value either has the one form that its type has in the specification, or the
submission stops with table, field and row position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import polars as pl

from parity.specification import Field
from parity.vault.errors import RecordRefused

_DATE = "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$"
_TIME = "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$"
_TIMESTAMP = "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$"
_INTEGER = "^-?[0-9]{1,9}$"


def blank_to_null(text: pl.Expr) -> pl.Expr:
    """The text as it is; null where it is white space only."""
    return pl.when(text.str.strip_chars() != "").then(text)


def stripped(text: pl.Expr) -> pl.Expr:
    """The text without spaces around it; null where nothing else is left."""
    bare = text.str.strip_chars(" ")
    return pl.when(bare != "").then(bare)


def _shaped(shape: str) -> Callable[[pl.Expr], pl.Expr]:
    def shaped(text: pl.Expr) -> pl.Expr:
        return pl.when(text.str.contains(shape)).then(text)

    return shaped


_CONVERSIONS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "date": lambda text: _shaped(_DATE)(text).str.to_date("%Y-%m-%d", strict=False),
    "time": lambda text: _shaped(_TIME)(text).str.to_time("%H:%M:%S", strict=False),
    "timestamp": lambda text: _shaped(_TIMESTAMP)(text).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False
    ),
    "integer": lambda text: _shaped(_INTEGER)(text).cast(pl.Int32, strict=False),
}

TYPED = frozenset(_CONVERSIONS)


def typed(field: Field) -> pl.Expr:
    """The values of a date, time, timestamp or integer field; null where unreadable."""
    return _CONVERSIONS[field.type](stripped(pl.col(field.name)))


def check_readable(rows: pl.DataFrame, fields: Iterable[Field]) -> None:
    """Raise RecordRefused for the first value that its type cannot read."""
    for field in fields:
        lost = stripped(pl.col(field.name)).is_not_null() & typed(field).is_null()
        refuse_first(rows, lost, f"not_a_{field.type}", field)


def refuse_first(rows: pl.DataFrame, wrong: pl.Expr, code: str, field: Field) -> None:
    """Raise RecordRefused for the first row for which an expression is true."""
    found = rows.filter(wrong).get_column("row_number")
    if len(found):
        raise RecordRefused(code, field.table, field.name, int(found[0]))
