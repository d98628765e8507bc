"""Organisations, practices and postcodes: what the submitted codes are looked up in.

Three CSV files in a home's reference folder, and a fourth where providers succeeded
others (successions.csv). A file that is not there is a fact that
callers report (`missing`), not an error: what needs it is not checked and not derived.
A file that is there must be whole. Nothing here is about a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from parity.home.errors import HomeError
from pseudonymisation.canonical_columns import postcode_column

_DATES = {"valid_from", "valid_to", "succession_date"}

_BOOLEANS = {"is_live", "keeps_local_identifiers"}

SUCCESSIONS = "successions"

_SUCCESSION_COLUMNS = (
    "predecessor_code",
    "successor_code",
    "succession_date",
    "keeps_local_identifiers",
)

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "organisations": (
        "organisation_code",
        "organisation_name",
        "organisation_type",
        "parent_code",
        "valid_from",
        "valid_to",
    ),
    "practices": ("practice_code", "practice_name", "sub_icb_code"),
    "postcodes": (
        "postcode",
        "lsoa_code",
        "deprivation_decile",
        "sub_icb_code",
        "is_live",
    ),
}

_UNCHECKED: Mapping[str, str] = {
    "organisations": "organisation codes are not checked and have no names or parents",
    "practices": "general practice codes are not checked and have no sub-ICB",
    "postcodes": "postcodes are not checked, and no area or deprivation is derived",
}


@dataclass(frozen=True)
class Reference:
    """Reference data as frames.

    organisations: organisation_code, organisation_name, organisation_type (provider,
        sub_icb, icb, region, site, practice), parent_code, valid_from, valid_to (Date).
    practices: practice_code, practice_name, sub_icb_code.
    postcodes: postcode (canonical), lsoa_code, deprivation_decile (Int32, 1 = most
        deprived), sub_icb_code, is_live (Boolean).
    successions: predecessor_code, successor_code, succession_date (Date),
        keeps_local_identifiers (Boolean: patients and referrals keep the predecessor's
        identifiers). No file, no succession.
    missing: a sentence for each file that was not there.
    """

    organisations: pl.DataFrame
    practices: pl.DataFrame
    postcodes: pl.DataFrame
    successions: pl.DataFrame = field(default_factory=lambda: _successions(None))
    missing: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: Path) -> Reference:
        """Read the files of a folder. Raises HomeError for one that is not whole."""
        frames = {
            name: _read(folder / f"{name}.csv", columns)
            for name, columns in _COLUMNS.items()
        }
        return cls(
            organisations=_typed("organisations", frames["organisations"]),
            practices=_typed("practices", frames["practices"]),
            postcodes=_typed("postcodes", frames["postcodes"]),
            successions=_successions(folder / f"{SUCCESSIONS}.csv"),
            missing=tuple(
                f"{name}.csv is missing: {_UNCHECKED[name]}"
                for name, frame in frames.items()
                if frame is None
            ),
        )

    @classmethod
    def empty(cls) -> Reference:
        """No reference data: everything that needs it is unknown."""
        return cls(
            organisations=_typed("organisations", None),
            practices=_typed("practices", None),
            postcodes=_typed("postcodes", None),
        )

    def formers(self, provider: str, day: date) -> tuple[str, ...]:
        """All the providers whose identifiers a provider had taken over by a day.

        Before that day a code of the successor's was another provider's.
        """
        kept = self.successions.filter(
            pl.col("keeps_local_identifiers") & (pl.col("succession_date") <= day)
        )
        found: list[str] = []
        wanted = [provider]
        while wanted:
            successor = wanted.pop()
            before = kept.filter(pl.col("successor_code") == successor)
            new = before.get_column("predecessor_code").to_list()
            found += new
            wanted += new
        return tuple(sorted(set(found)))


def _successions(path: Path | None) -> pl.DataFrame:
    """The successions of a file, checked: none leads back to where it came from."""
    columns = _SUCCESSION_COLUMNS
    frame = _read(path, columns) if path is not None else None
    raw = (
        frame
        if frame is not None
        else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    )
    typed = raw.select(_typed_column(column) for column in columns)
    for column in columns:
        lost = typed.get_column(column).is_null()
        _refuse_first(lost, f"{SUCCESSIONS}.csv: {column} is blank or cannot be read")
    later = dict(zip(typed[columns[0]], typed[columns[1]], strict=True))
    if len(later) != typed.height:
        raise HomeError(
            "reference_value", f"{SUCCESSIONS}.csv: a provider has two successors"
        )
    for start in later:
        place, steps = start, 0
        while place in later and steps <= len(later):
            place, steps = later[place], steps + 1
        if steps > len(later):
            raise HomeError("reference_value", f"{SUCCESSIONS}.csv leads in a circle")
    return typed


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame | None:
    if not path.exists():
        return None
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError:
        raise HomeError("reference_unreadable", f"{path} is not CSV") from None
    if not set(columns) <= set(frame.columns):
        expected = ", ".join(columns)
        raise HomeError("reference_columns", f"{path} needs columns {expected}")
    return frame


def _typed(name: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    columns = _COLUMNS[name]
    raw = (
        frame
        if frame is not None
        else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    )
    typed = raw.select(_typed_column(column) for column in columns)
    _check(name, raw, typed)
    return typed


def _typed_column(column: str) -> pl.Expr:
    text = pl.col(column)
    if column in _DATES:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if column == "deprivation_decile":
        decile = text.cast(pl.Int32, strict=False)
        return pl.when(decile.is_between(1, 10)).then(decile)
    if column in _BOOLEANS:
        words = {"true": True, "false": False}
        return text.str.to_lowercase().replace_strict(
            words, default=None, return_dtype=pl.Boolean
        )
    if column == "postcode":
        return postcode_column(text).alias(column)
    return text


def _check(name: str, raw: pl.DataFrame, typed: pl.DataFrame) -> None:
    """Every value must have survived typing, and the key must be there, once."""
    key = _COLUMNS[name][0]
    for column in typed.columns:
        lost = raw.get_column(column).is_not_null() & typed.get_column(column).is_null()
        _refuse_first(lost, f"{name}.csv: {column} cannot be read")
    _refuse_first(typed.get_column(key).is_null(), f"{name}.csv: {key} is blank")
    again = ~typed.get_column(key).is_first_distinct()
    _refuse_first(again, f"{name}.csv: {key} stands there before")


def _refuse_first(wrong: pl.Series, what: str) -> None:
    if wrong.any():
        row = int(wrong.arg_max() or 0) + 1
        raise HomeError("reference_value", f"{what} (first in data row {row})")
