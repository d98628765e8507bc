"""From exact cells to publishable ones: rounding and suppression under a profile.

One engine for all profiles. All arithmetic is on integers: a percentage at one decimal
is a whole number of thousandths, and halves go away from zero (2.5 is 3, -2.5 is -3),
as no floating point could promise.

A marked cell is text in a text column. There is no number that means "suppressed", so
nobody can sum one by accident.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from parity.disclosure.errors import DisclosureError
from parity.disclosure.profiles import Profile, Treatment

SUPPRESSED = "*"
NOT_AVAILABLE = "-"

_AVERAGES = ("mean", "median")
_STATISTICS = ("count", "percentage", *_AVERAGES)
_VALUE_SCALE = 6
_VALUE_TYPE = pl.Decimal(38, _VALUE_SCALE)
_EXACT = ("numerator", "denominator", "value")


@dataclass(frozen=True)
class Protected:
    """Cells that may leave. Only `protect` makes them.

    cells: the columns that the exact cells came with, less their exact numbers, plus
        `published`: a number as text, `*` where it is suppressed, `-` where there is no
        value.
    profile: name of the profile that they went through.
    """

    cells: pl.DataFrame
    profile: str


def protect(cells: pl.DataFrame, profile: Profile) -> Protected:
    """Protect exact cells under a profile; the order of rows is kept.

    cells: one row a cell, with the columns
        level: String; the profile says which level is national;
        statistic: String: count, percentage, mean or median;
        numerator: integer; the count itself, the numerator of a percentage, or the
            number of pathways behind a mean or median;
        denominator: integer; of a percentage, null otherwise;
        value: Decimal; the mean or median, not read for other statistics.

    Raises DisclosureError, without a number in it, for cells that cannot be true: a
    null or negative count, a numerator above its denominator, a mean without pathways
    or pathways without a mean, an unknown statistic.
    """
    _check_columns(cells)
    _check_cells(cells)
    published = (
        pl.when(pl.col("level") == profile.national_level)
        .then(_shown(profile.national))
        .otherwise(_shown(profile.below))
    )
    protected = cells.with_columns(published.alias("published")).drop(_EXACT)
    return Protected(cells=protected, profile=profile.name)


def _shown(treatment: Treatment) -> pl.Expr:
    """The text of a cell. Suppression goes first: `-` would give a zero away."""
    is_percentage = pl.col("statistic") == "percentage"
    has_no_value = (is_percentage & (pl.col("denominator") == 0)) | (
        pl.col("statistic").is_in(_AVERAGES) & (pl.col("numerator") == 0)
    )
    return (
        pl.when(pl.col("numerator") < treatment.smallest_shown)
        .then(pl.lit(SUPPRESSED))
        .when(has_no_value)
        .then(pl.lit(NOT_AVAILABLE))
        .when(pl.col("statistic") == "count")
        .then(_count(treatment.counts_to_nearest))
        .when(is_percentage)
        .then(_percentage(treatment.percentage_decimals))
        .otherwise(_average(treatment.average_decimals))
    )


def _count(nearest: int) -> pl.Expr:
    rounded = _divided_to_nearest(pl.col("numerator"), pl.lit(nearest)) * nearest
    return _text(rounded, 0)


def _percentage(decimals: int) -> pl.Expr:
    scaled = pl.col("numerator") * 100 * 10**decimals
    # A zero denominator never gets here; the 1 only keeps the arithmetic defined.
    divisor = pl.max_horizontal(pl.col("denominator"), pl.lit(1))
    return _text(_divided_to_nearest(scaled, divisor), decimals)


def _average(decimals: int) -> pl.Expr:
    """Rounded from the stored decimal; its sign goes apart, since // rounds down."""
    stored = pl.col("value").cast(_VALUE_TYPE).to_physical()
    size = _divided_to_nearest(
        stored.abs() * 10**decimals, pl.lit(10**_VALUE_SCALE)
    ).cast(pl.Int64)
    return _text(pl.when(stored < 0).then(-size).otherwise(size), decimals)


def _divided_to_nearest(number: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    """number / divisor to the nearest integer, a half upwards; both not negative."""
    return (2 * number + divisor) // (2 * divisor)


def _text(scaled: pl.Expr, decimals: int) -> pl.Expr:
    """A whole number of 10^-decimals as decimal text, for example 123 as 12.3."""
    if decimals == 0:
        return scaled.cast(pl.String)
    sign = pl.when(scaled < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = scaled.abs() // 10**decimals
    rest = scaled.abs() % 10**decimals
    digits = rest.cast(pl.String).str.zfill(decimals)
    return pl.concat_str([sign, whole.cast(pl.String), pl.lit("."), digits])


def _check_columns(cells: pl.DataFrame) -> None:
    """Types first: a floating point value has been rounded by nobody knows whom."""
    schema = cells.schema
    fits = {
        "level": schema.get("level") == pl.String,
        "statistic": schema.get("statistic") == pl.String,
        "numerator": _is_integer(schema.get("numerator")),
        "denominator": _is_integer(schema.get("denominator")),
        "value": isinstance(schema.get("value"), pl.Decimal),
    }
    wrong = [name for name, fit in fits.items() if not fit]
    if wrong:
        raise DisclosureError(
            "columns", f"missing or of the wrong type: {', '.join(wrong)}"
        )
    if "published" in schema:
        raise DisclosureError("published_before", "these cells are protected already")


def _is_integer(kind: pl.DataType | None) -> bool:
    return kind is not None and kind.is_integer()


def _check_cells(cells: pl.DataFrame) -> None:
    is_percentage = pl.col("statistic") == "percentage"
    is_average = pl.col("statistic").is_in(_AVERAGES)
    impossible = {
        "null_level": pl.col("level").is_null(),
        "unknown_statistic": pl.col("statistic")
        .is_in(_STATISTICS)
        .not_()
        .fill_null(value=True),
        "null_count": pl.col("numerator").is_null()
        | (is_percentage & pl.col("denominator").is_null()),
        "negative_count": (pl.col("numerator") < 0) | (pl.col("denominator") < 0),
        "stray_denominator": is_percentage.not_() & pl.col("denominator").is_not_null(),
        "numerator_above_denominator": pl.col("numerator") > pl.col("denominator"),
        "average_without_pathways": is_average
        & ((pl.col("numerator") > 0) != pl.col("value").is_not_null()),
    }
    found = cells.select(
        **{code: rule.fill_null(value=False).any() for code, rule in impossible.items()}
    ).row(0, named=True)
    for code, is_there in found.items():
        if is_there:
            raise DisclosureError(code, "cells that no count can be; nothing is shown")
