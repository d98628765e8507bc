"""CSV for people who open it in a spreadsheet: text cells that cannot become formulas.

A cell that begins with = + - @ tab or a line break is run or misread by spreadsheets.
Text (names of organisations come from outside) gets an apostrophe before it. Numbers
are not touched, so their column may hold nothing but numbers and the two markers, and
is checked to.
"""

from __future__ import annotations

import polars as pl

from parity.publication.errors import PublicationError

_RISKY_START = r"^[=+\-@\t\r\n]"
_NUMBER_OR_MARKER = r"^(\*|-|-?[0-9]+(\.[0-9]+)?)$"


def csv_bytes(table: pl.DataFrame, number_column: str | None = None) -> bytes:
    """A table of text as UTF-8 CSV: header, LF, quotes where needed, null as empty.

    number_column: the one column that holds numbers as text. Raises PublicationError
    when something else stands in it.
    """
    if number_column is not None:
        _check_numbers(table[number_column])
    text = [pl.col(name) for name in table.columns if name != number_column]
    return (
        table.with_columns(neutralised(column) for column in text)
        .write_csv(line_terminator="\n")
        .encode("utf-8")
    )


def neutralised(column: pl.Expr) -> pl.Expr:
    """Text with an apostrophe before what a spreadsheet would run."""
    return (
        pl.when(column.str.contains(_RISKY_START))
        .then(pl.concat_str([pl.lit("'"), column]))
        .otherwise(column)
        .name.keep()
    )


def _check_numbers(column: pl.Series) -> None:
    if not column.str.contains(_NUMBER_OR_MARKER).fill_null(value=False).all():
        raise PublicationError(
            "not_a_number", f"{column.name} holds what is no number and no marker"
        )
