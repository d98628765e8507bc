"""One table as delimited text -> a frame of official columns, strictly.

What belongs here: what both readers share. Names that come in are only ever compared
with the official ones: an unknown name is counted and dropped where it stands, with
its content, so it can reach no frame, message or answer.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from parity.intake.errors import IntakeError
from parity.specification import Field, Table


@dataclass(frozen=True)
class ReadTable:
    """rows: row_number (Int64, from 1) and every official column (String).

    A column that was not sent is there too, all null, and named in missing_columns.
    unexpected_columns counts columns that are not official, or stand there twice.
    """

    rows: pl.DataFrame
    missing_columns: tuple[str, ...]
    unexpected_columns: int


def empty_rows(table: Table) -> pl.DataFrame:
    """The frame of a table without a row."""
    names = dict.fromkeys(table.field_names, pl.String)
    return pl.DataFrame(schema={"row_number": pl.Int64, **names})


def read_table(content: bytes, table: Table) -> ReadTable:
    """Read comma-separated UTF-8 with a header row; an empty field is null.

    Raises:
        IntakeError: the bytes are not such text, or a row has another width than the
            header. The message names the table and the row by position.
    """
    header, rows = _records(_decoded(content, table), table)
    _check_width(rows, len(header), table)
    position = {
        name: header.index(name) for name in table.field_names if name in header
    }
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    data = {
        name: _values(columns[position[name]])
        if name in position
        else [None] * len(rows)
        for name in table.field_names
    }
    frame = pl.DataFrame(data, schema=dict.fromkeys(table.field_names, pl.String))
    numbered = frame.with_row_index("row_number", offset=1).with_columns(
        pl.col("row_number").cast(pl.Int64)
    )
    return ReadTable(
        rows=canonical(numbered, table),
        missing_columns=tuple(n for n in table.field_names if n not in position),
        unexpected_columns=len(header) - len(position),
    )


def _decoded(content: bytes, table: Table) -> str:
    if b"\0" in content:
        raise IntakeError("PARITY-NUL", f"{table.name} holds a NUL character")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise IntakeError("PARITY-ENCODING", f"{table.name} is not UTF-8") from None


def _records(text: str, table: Table) -> tuple[list[str], list[list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        # A line without any character is no row; spreadsheets leave one at the end.
        records = [record for record in reader if record]
    except csv.Error:
        raise IntakeError(
            "PARITY-CSV",
            f"{table.name} is not well-formed CSV, or a field is longer than"
            f" {csv.field_size_limit()} characters (line {reader.line_num})",
        ) from None
    if not records:
        raise IntakeError("PARITY-CSV", f"{table.name} has no header row")
    return records[0], records[1:]


def _check_width(rows: Sequence[Sequence[str]], width: int, table: Table) -> None:
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise IntakeError(
                "PARITY-CSV",
                f"{table.name}, row {number}: not as many fields as the header has",
            )


def _values(column: Sequence[str]) -> list[str | None]:
    return [value or None for value in column]


def canonical(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Dates and times in the one text form of their type; everything else as sent.

    Access stores both as a moment: a date at midnight, a time on 1899-12-30. Only those
    lose their other half; a date with a time of day stays as it is, for a rule to see.
    """
    return rows.with_columns(_canonical(field) for field in table.fields)


def _canonical(field: Field) -> pl.Expr:
    text = pl.col(field.name)
    if field.type == "date":
        return text.str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})T00:00:00$", "${1}")
    if field.type == "time":
        return text.str.replace(r"^1899-12-30T([0-9]{2}:[0-9]{2}:[0-9]{2})$", "${1}")
    return text
