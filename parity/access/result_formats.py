"""Rows of a result as text or Parquet, written as they come where the format allows.

What belongs here: one function a format. Null is an empty cell in CSV, null in JSON,
`null` in a table. These are rows for the person who may see the package; what leaves
for others goes through parity.disclosure.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

_BATCH_ROWS = 10_000
_TABLE_ROWS = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Writer = Callable[[duckdb.DuckDBPyConnection, BinaryIO], None]


def write_table(result: duckdb.DuckDBPyConnection, output: BinaryIO) -> None:
    """Aligned columns for a person to read: the first hundred rows."""
    names = _names(result)
    rows = result.fetchmany(_TABLE_ROWS + 1)
    shown = [[_shown(value) for value in row] for row in rows[:_TABLE_ROWS]]
    table = [names, *shown]
    widths = [max(len(row[i]) for row in table) for i in range(len(names))]
    table.insert(1, ["-" * width for width in widths])
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        output.write(("  ".join(cells).rstrip() + "\n").encode("utf-8"))
    if len(rows) > _TABLE_ROWS:
        more = f"... the first {_TABLE_ROWS} rows; --format csv writes them all\n"
        output.write(more.encode("ascii"))


def write_csv(result: duckdb.DuckDBPyConnection, output: BinaryIO) -> None:
    """CSV with a header; ISO dates, true and false."""
    text = io.TextIOWrapper(output, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_names(result))
    for row in _rows(result):
        writer.writerow([_plain(value) for value in row])
    text.detach()


def write_json(result: duckdb.DuckDBPyConnection, output: BinaryIO) -> None:
    """An array of objects, one a row; what JSON has no type for is text."""
    names = _names(result)
    before = b"[\n"
    for row in _rows(result):
        line = json.dumps(dict(zip(names, row, strict=True)), default=str)
        output.write(before + line.encode("ascii"))
        before = b",\n"
    output.write(b"\n]\n" if before == b",\n" else b"[]\n")


def write_parquet(result: duckdb.DuckDBPyConnection, output: BinaryIO) -> None:
    """A Parquet file; UUIDs are text, as Arrow has them."""
    reader = result.to_arrow_reader(_BATCH_ROWS)
    buffer = pa.BufferOutputStream()
    with pq.ParquetWriter(buffer, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    output.write(buffer.getvalue())


FORMATS: dict[str, Writer] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "parquet": write_parquet,
}


def _names(result: duckdb.DuckDBPyConnection) -> list[str]:
    return [_CONTROL.sub("?", str(column[0])) for column in result.description or []]


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := result.fetchmany(_BATCH_ROWS):
        yield from batch


def _shown(value: object) -> str:
    """Text without control characters, which a terminal would obey."""
    return "null" if value is None else _CONTROL.sub("?", str(_plain(value)))


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
