"""Reading what the generator wrote, for the tests of it."""

import csv
import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

Row = dict[str, str]
Tables = dict[str, list[Row]]


def read_rows(path: Path) -> list[Row]:
    """Rows of one CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_tables(folder: Path) -> Tables:
    """Tables of one submission."""
    return {path.stem: read_rows(path) for path in sorted(folder.glob("*.csv"))}


def submission_folders(out: Path) -> list[Path]:
    """Folders of all submissions, without the one of the reference files."""
    return [folder for folder in sorted(out.iterdir()) if folder.name != "reference"]


def submissions(out: Path) -> Iterator[tuple[str, date, date, str, Tables]]:
    """Provider, first and last day, kind and tables of every submission."""
    for folder in submission_folders(out):
        tables = read_tables(folder)
        (header,) = tables["IDS000Header"]
        yield (
            header["OrgIDProv"],
            date.fromisoformat(header["ReportingPeriodStartDate"]),
            date.fromisoformat(header["ReportingPeriodEndDate"]),
            folder.name.rsplit("_", 1)[1],
            tables,
        )


def digest(folder: Path) -> str:
    """One number for the names and bytes of all files below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(str(path.relative_to(folder)).encode())
            found.update(path.read_bytes())
    return found.hexdigest()
