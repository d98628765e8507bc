"""Needles from submissions: the raw folders, or the sealed copies that a home keeps.

What belongs here: which fields identify somebody (the specification says so) and
reading their values. Values stay in this process. A sealed CSV folder is read from
memory; a sealed Access file, which other programs read, is unpacked for a moment in the
landing zone, where identifiers belong.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import polars as pl

from parity.home import Home
from parity.home.unlock import Keyring
from parity.intake.errors import IntakeError
from parity.intake.reader import read_submission
from parity.intake.sealed_copies import read_copy, sealed_copies
from parity.intake.slot import Slot
from parity.specification import Field, Specification, Table, load
from parity.vault.scan.needles import Collected, Needles, Part, Shape

_NHS_DIGITS = 10

Tables = Mapping[str, pl.DataFrame]


@dataclass
class _Gathered:
    """Values by field name and shape; a field name is the same kind in every table."""

    values: dict[tuple[str, Shape], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    joined: dict[str, set[Part]] = field(default_factory=lambda: defaultdict(set))
    read: int = 0
    not_read: int = 0

    def needles(self, limit_per_field: int) -> Needles:
        """What is looked for."""
        fields = [
            Collected(kind, shape, frozenset(values))
            for (kind, shape), values in sorted(self.values.items())
        ]
        fields += [
            Collected(kind, "identifier", frozenset(), frozenset(parts))
            for kind, parts in sorted(self.joined.items())
        ]
        chosen = Needles.choose(fields, limit_per_field)
        return replace(chosen, submissions=self.read, unread=self.not_read)


def needles_of_folders(
    raw_folders: Iterable[Path], limit_per_field: int, workdir: Path | None = None
) -> Needles:
    """Needles of submissions, or of folders that hold submissions.

    workdir: where the programs that read Access files stand; nothing of a submission is
    written there. None: the system's folder for temporary files.
    """
    gathered = _Gathered()
    for path in sorted({p for folder in raw_folders for p in _submissions(folder)}):
        _gather(partial(_read, path, workdir), gathered)
    return gathered.needles(limit_per_field)


def needles_of_sealed(home: Home, keyring: Keyring, limit_per_field: int) -> Needles:
    """Needles of the sealed copies that a home keeps, of every month.

    Raises EnvelopeRefused or HomeError when a copy does not open: a scan that silently
    looks for less proves nothing.
    """
    gathered = _Gathered()
    for path in sealed_copies(home.landing_sealed):
        _gather(partial(_read_sealed, home, keyring, path), gathered)
    return gathered.needles(limit_per_field)


def _read(path: Path, workdir: Path | None) -> Tables:
    # the reader keeps nothing of the submission in its folder
    with tempfile.TemporaryDirectory(dir=workdir) as folder:
        return read_submission(path, load(), Path(folder)).tables


def _read_sealed(home: Home, keyring: Keyring, path: Path) -> Tables:
    return read_copy(home, keyring, path).tables


def _submissions(folder: Path) -> Iterator[Path]:
    if _is_submission(folder):
        yield folder
    elif folder.is_dir():
        yield from (path for path in folder.iterdir() if _is_submission(path))


def _is_submission(path: Path) -> bool:
    try:
        Slot.from_name(path.name)
    except IntakeError:
        return False
    return True


def _gather(read: Callable[[], Tables], gathered: _Gathered) -> None:
    specification = load()
    try:
        tables = read()
    except IntakeError:
        gathered.not_read += 1
        return
    gathered.read += 1
    provider = _provider(tables, specification)
    for table in specification.tables.values():
        _gather_table(table, tables[table.name], provider, gathered)


def _gather_table(
    table: Table, frame: pl.DataFrame, provider: str, gathered: _Gathered
) -> None:
    shapes = {f.name: s for f in table.fields if (s := _shape(f)) is not None}
    texts = frame.select(
        _as_looked_for(name, shape) for name, shape in shapes.items()
    ).unique()
    for name, shape in shapes.items():
        for value in texts.get_column(name).drop_nulls().unique():
            gathered.values[name, _shape_of_value(value, shape)].add(value)
            if shape == "identifier":
                gathered.joined[f"provider + {name}"].add((provider, value))
    births = [name for name, shape in shapes.items() if shape == "birth_date"]
    for birth in births:
        for other in shapes.keys() - set(births):
            rows = texts.select(other, birth).drop_nulls().unique().rows()
            both = [pair for row in rows for pair in (row, row[::-1])]
            gathered.joined[f"{other} + {birth}"].update(both)


def _shape(described: Field) -> Shape | None:
    """How the values of an identifying field look; None for other fields."""
    if described.treatment == "generalise:age":
        return "birth_date"
    if described.treatment == "generalise:area":
        return "postcode"
    if described.pseudonym_domain:
        return "identifier"
    return "nhs_number" if described.sensitivity == "identifier" else None


def _as_looked_for(name: str, shape: Shape) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    if shape == "postcode":
        text = text.str.to_uppercase()
    if shape == "nhs_number":
        text = text.str.replace_all(r"[\s-]", "")
    return pl.when(text != "").then(text).alias(name)


def _shape_of_value(value: str, shape: Shape) -> Shape:
    """An NHS number that is none is looked for as it stands."""
    is_number = len(value) == _NHS_DIGITS and value.isascii() and value.isdigit()
    return "identifier" if shape == "nhs_number" and not is_number else shape


def _provider(tables: Tables, specification: Specification) -> str:
    """The provider's code as the header gives it, empty when it gives none."""
    for table in specification.tables.values():
        for described in table.fields:
            if described.column == "provider_code" and not table.parent_table:
                codes = tables[table.name].get_column(described.name).drop_nulls()
                return str(codes[0]) if len(codes) else ""
    return ""
