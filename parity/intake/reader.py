"""A submission from disk to raw frames, whichever of its two forms it has.

What belongs here: telling an Access file from a CSV folder, and the shape that both
readers fill. What the two forms are like inside stands in `access_database` and
`delimited`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from parity.intake.access_database import read_access
from parity.intake.delimited import read_contents, read_folder
from parity.intake.errors import IntakeError
from parity.intake.table_text import ReadTable, empty_rows
from parity.specification import Specification


@dataclass(frozen=True)
class RawSubmission:
    """What was read, before any rule.

    tables: every table of the specification; row_number (Int64, from 1, in the order
        of the file) and every official column (String, null = empty).
    missing_tables, missing_columns: official names that were not sent.
    unexpected_tables: how many tables are not official.
    unexpected_columns: the same for columns, by official table (none: not listed).
    notes: how it was read, in sentences of ours.
    """

    tables: dict[str, pl.DataFrame]
    missing_tables: tuple[str, ...] = ()
    missing_columns: tuple[tuple[str, str], ...] = ()
    unexpected_tables: int = 0
    unexpected_columns: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_submission(path: Path, spec: Specification, workdir: Path) -> RawSubmission:
    """Read an Access file or a folder of CSV files.

    workdir: an empty folder of ours; nothing of the submission is written to it.

    Raises:
        IntakeError: it cannot be read whole and right; nothing of it may be used.
    """
    if path.is_symlink():
        raise IntakeError("PARITY-LINK", "the submission is a link to something else")
    if path.is_dir():
        return _collected(*read_folder(path, spec), spec, ())
    if path.is_file():
        tables, unexpected, notes = read_access(path, spec, workdir)
        return _collected(tables, unexpected, spec, notes)
    raise IntakeError("PARITY-FILE", "there is no file or folder of this name")


def read_files(files: Mapping[str, bytes], spec: Specification) -> RawSubmission:
    """Read CSV files that are in memory, by name: a folder that was sealed.

    Raises:
        IntakeError: as read_submission.
    """
    contents = {name: partial(bytes, content) for name, content in files.items()}
    return _collected(*read_contents(contents, spec), spec, ())


def _collected(
    found: Mapping[str, ReadTable],
    unexpected: int,
    spec: Specification,
    notes: tuple[str, ...],
) -> RawSubmission:
    return RawSubmission(
        tables={
            name: found[name].rows if name in found else empty_rows(table)
            for name, table in spec.tables.items()
        },
        missing_tables=tuple(name for name in spec.tables if name not in found),
        missing_columns=tuple(
            (name, column)
            for name, table in found.items()
            for column in table.missing_columns
        ),
        unexpected_tables=unexpected,
        unexpected_columns={
            name: table.unexpected_columns
            for name, table in found.items()
            if table.unexpected_columns
        },
        notes=notes,
    )
