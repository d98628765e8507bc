"""A submission as an Access file, read through mdbtools.

What belongs here: which programs run, and why their output can be trusted as far as it
is. mdbtools loses content in three ways, and says nothing:

- a file cut short gives the tables that were left: any complaint on standard error, a
  row count that is not the table's own, or output that is no CSV, refuses the file;
- a text ends at a NUL: in UTF-7 output the NUL is written out, so each table with keys
  is exported a second time in UTF-7 and looked through;
- a letter outside the basic plane becomes two question marks: two question marks in a
  key refuse the file, as they may be two people.

A refused file can be sent as a CSV folder, which carries every letter.
"""

import binascii
import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from parity.intake.access_header import check_header
from parity.intake.errors import IntakeError
from parity.intake.limited_process import isolation, run_limited
from parity.intake.table_text import ReadTable, read_table
from parity.specification import Specification, Table

_MOMENT = "%Y-%m-%dT%H:%M:%S"
_EXPORT = ("-b", "strip", "-D", _MOMENT, "-T", _MOMENT, "{file}")
_UTF_8 = {"LC_ALL": "C.UTF-8", "MDBICONV": "UTF-8"}
_UTF_7 = {"LC_ALL": "C.UTF-8", "MDBICONV": "UTF-7"}
_UTF_7_RUN = re.compile(rb"\+([A-Za-z0-9+/]+)")
_LOST_LETTER = "??"


def read_access(
    path: Path, spec: Specification, workdir: Path
) -> tuple[dict[str, ReadTable], int, tuple[str, ...]]:
    """Official tables by name, how many tables are not official, and notes.

    Raises:
        IntakeError: no Access file, or one that cannot be read whole and right.
    """
    check_header(path)
    database = _Database(path, workdir)
    names = database.table_names()
    found = {
        name: database.table(table)
        for name, table in spec.tables.items()
        if name in names
    }
    return found, len(names) - len(found), (isolation(),)


class _Database:
    """One Access file and the programs that read it."""

    def __init__(self, path: Path, workdir: Path) -> None:
        self._path = path
        self._workdir = workdir

    def table_names(self) -> list[str]:
        """Names of its own tables, official or not; never to be shown."""
        output = self._run("mdb-tables", ["-1", "{file}"], _UTF_8)
        names = output.decode("utf-8", errors="replace").split("\n")
        return [name for name in names if name]

    def table(self, table: Table) -> ReadTable:
        """One official table, checked to be whole."""
        exported = self._run("mdb-export", [*_EXPORT, table.name], _UTF_8)
        found = read_table(exported, table)
        if found.rows.height != self._row_count(table):
            raise IntakeError(
                "PARITY-TRUNCATED", f"rows of {table.name} are missing from the file"
            )
        self._check_keys(found, table)
        return found

    def _row_count(self, table: Table) -> int:
        counted = self._run("mdb-count", ["{file}", table.name], _UTF_8).strip()
        if not counted.isdigit():
            raise IntakeError("PARITY-UNREADABLE", f"{table.name} cannot be read")
        return int(counted)

    def _check_keys(self, found: ReadTable, table: Table) -> None:
        keys = [field.name for field in table.fields if field.pseudonym_domain]
        if keys and _holds(found.rows, keys, _LOST_LETTER):
            raise IntakeError(
                "PARITY-LETTERS",
                f"a key of {table.name} holds letters that cannot be read from an"
                " Access file, or two question marks; send CSV files instead",
            )
        if keys and _holds_nul(self._run("mdb-export", [*_EXPORT, table.name], _UTF_7)):
            raise IntakeError(
                "PARITY-NUL", f"a text of {table.name} holds a NUL character"
            )

    def _run(
        self, program: str, arguments: list[str], environment: dict[str, str]
    ) -> bytes:
        ended = run_limited(program, arguments, self._path, self._workdir, environment)
        # What the program says about the file may quote it: counted, never shown.
        if not ended.succeeded or ended.complaints:
            raise IntakeError(
                "PARITY-UNREADABLE", "the Access file is damaged or not readable"
            )
        return ended.output


def _holds(rows: pl.DataFrame, columns: Iterable[str], text: str) -> bool:
    found = [pl.col(name).str.contains(text, literal=True).any() for name in columns]
    return bool(rows.select(pl.any_horizontal(found)).item())


def _holds_nul(exported: bytes) -> bool:
    """Whether UTF-7 text as mdbtools writes it holds the character NUL.

    Each value is written apart and its last characters may lack up to four bits,
    so a run may end inside a character: one that can still become NUL counts as NUL.
    """
    runs = set(_UTF_7_RUN.findall(exported))
    return any(_has_zero_unit(run) for run in runs)


def _has_zero_unit(run: bytes) -> bool:
    # Filled up with A (six zero bits): what is missing could have been zero.
    whole = run + b"A" * (-len(run) % 8)
    units = binascii.a2b_base64(whole)
    # A character counts when at least twelve of its sixteen bits are there.
    known = (len(run) * 6 + 4) // 16
    return any(units[2 * at : 2 * at + 2] == b"\0\0" for at in range(known))
