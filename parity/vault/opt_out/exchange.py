"""The two files of a check: a data file of NHS numbers, and a small control file.

What belongs here: writing them for a request and reading them for an answer, strictly.
The data file is what a user of the national check describes: one number a row, a comma
after it, line feeds, name ending in `.dat`; the answer has the same form with the
numbers that may be used. We have not seen the specification itself, so that is
unverified; the control file is ours, made by whoever fetches the answer.

Numbers stand here in clear. A refusal says a code and how many rows, never a row.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from parity.home.errors import HomeError, OptOutError
from parity.home.private_files import read_private, write_private
from pseudonymisation.canonical_columns import nhs_number_column

_FORMAT = "parity-opt-out-1"
_DATA, _CONTROL = ".dat", ".control.json"
_ROW_END = ",\n"
_REQUEST = re.compile(r"parity-[0-9]{8}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Control:
    """What stands in a control file. rows: of the data file beside it."""

    request: str
    rows: int
    format: str = _FORMAT


def write_request(folder: Path, request: str, numbers: pl.Series) -> tuple[Path, Path]:
    """Write data and control file (mode 0600) of a request; their paths."""
    data, control = folder / f"{request}{_DATA}", folder / f"{request}{_CONTROL}"
    rows = "".join(f"{number}{_ROW_END}" for number in numbers.to_list())
    write_private(data, rows.encode("ascii"))
    write_control(control, Control(request, len(numbers)))
    return data, control


def write_control(path: Path, control: Control) -> None:
    """Write a control file."""
    write_private(path, json.dumps(asdict(control), indent=1).encode() + b"\n")


def check_data_file(path: Path) -> None:
    """Raise HomeError opt_out_file unless a path names an answer's data file."""
    if path.suffix != _DATA or not path.is_file():
        raise HomeError(
            "opt_out_file",
            f"an answer is a file whose name ends in {_DATA}, with its control file "
            f"(the same name, ending in {_CONTROL}) beside it",
        )


def control_of(data: Path) -> Path:
    """The control file that stands beside a data file."""
    return data.with_name(f"{data.name.removesuffix(_DATA)}{_CONTROL}")


def read_control(data: Path) -> Control:
    """The control file beside a data file. Raises OptOutError: opt_out_control."""
    path = control_of(data)
    refused = OptOutError(
        "opt_out_control", "beside the answer stands no control file of a request"
    )
    if not path.exists():
        raise refused
    try:
        control = Control(**json.loads(read_private(path)))
    except (ValueError, TypeError):
        raise refused from None
    well_formed = (
        control.format == _FORMAT
        and isinstance(control.request, str)
        and _REQUEST.fullmatch(control.request)
        and type(control.rows) is int
        and control.rows >= 0
    )
    if not well_formed:
        raise refused
    return control


def read_answer(data: Path, control: Control) -> pl.Series:
    """The numbers of an answer, each once and whole.

    Raises OptOutError: opt_out_empty, opt_out_truncated (cut inside a row, or not as
    many rows as the control file says), opt_out_malformed (rows that are no NHS number
    and a comma), opt_out_duplicated.
    """
    text = read_private(data).decode("latin-1").replace("\r\n", "\n")
    if not text.strip():
        raise OptOutError("opt_out_empty", "the answer holds no row")
    rows = pl.Series("number", text.removesuffix("\n").split("\n"))
    if text.endswith(_ROW_END):
        _check_rows(rows)
    if len(rows) != control.rows or not text.endswith(_ROW_END):
        raise OptOutError(
            "opt_out_truncated",
            "the answer is not whole: not the rows that its control file says",
        )
    numbers = rows.str.strip_suffix(",")
    if numbers.n_unique() != len(numbers):
        again = len(numbers) - numbers.n_unique()
        raise OptOutError(
            "opt_out_duplicated", f"the answer holds {again} rows a second time"
        )
    return numbers


def new_request(day: str, random: str) -> str:
    """The name of a request. day: YYYYMMDD. random: 12 hex digits."""
    request = f"parity-{day}-{random}"
    if not _REQUEST.fullmatch(request):
        raise ValueError("a request is named by a day and 12 hex digits")
    return request


def _check_rows(rows: pl.Series) -> None:
    digits = rows.str.strip_suffix(",")
    canonical = pl.select(nhs_number_column(pl.lit(digits))).to_series()
    right = rows.str.contains("^[0-9]{10},$") & (canonical == digits).fill_null(
        value=False
    )
    if not right.all():
        raise OptOutError(
            "opt_out_malformed",
            f"{(~right).sum()} rows of the answer are no NHS number and a comma",
        )
