"""Writing CSV files and the folders that they stand in.

What belongs here: how bytes reach the disk (UTF-8, comma, header row, LF, files for
their owner alone). What the rows hold is decided elsewhere.
"""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from parity.specification import load

Row = dict[str, str]
"""One row: official column name -> text as sent; a column left out is empty."""
Tables = dict[str, list[Row]]
"""Official table name -> its rows, in file order."""


def make_folder(folder: Path) -> None:
    """Make a folder (and those above it) that only its owner may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_rows(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Write one CSV file with a header; a file that was there is replaced."""
    make_folder(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_submission(folder: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    """Write one submission: every table of the specification, empty ones too.

    Raises:
        KeyError: a row holds a column that its table does not have.
    """
    for name, table in load().tables.items():
        columns = table.field_names
        rows = tables.get(name, ())
        unknown = {key for row in rows for key in row}.difference(columns)
        if unknown:
            raise KeyError(name, *sorted(unknown))
        write_rows(
            folder / f"{name}.csv",
            columns,
            ([row.get(column, "") for column in columns] for row in rows),
        )
