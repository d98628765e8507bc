"""The official column layout of the monthly file, and ours of the equality tables.

Layout of the monthly measure files as NHS England has published them since January
2021: one row an organisation and measure; organisation 1 is the commissioner, 2 the
provider; "all" stands where a level does not name one. Dates are ISO, as in the files
of 2025. The equality tables take the same columns and put the characteristic and group
between.
"""

from __future__ import annotations

import polars as pl

from parity.disclosure import Protected

VALUE_COLUMN = "MEASURE_VALUE_SUPPRESSED"

_ALL_CODE = "all"
_ALL_SUB_ICBS = "All SubICBs"
_ALL_PROVIDERS = "All Providers"
_NO_NAME = "UNKNOWN"

_PERIOD = {
    "REPORTING_PERIOD_START": pl.col("period_start").dt.to_string("iso"),
    "REPORTING_PERIOD_END": pl.col("period_end").dt.to_string("iso"),
}
_MEASURE = {
    "MEASURE_ID": pl.col("measure_id"),
    "MEASURE_NAME": pl.col("measure_name"),
    VALUE_COLUMN: pl.col("published"),
}


def measure_file(protected: Protected) -> pl.DataFrame:
    """The monthly measure file: ten official columns, all text."""
    return protected.cells.select(**_PERIOD, **_organisations(), **_MEASURE)


def equality_file(protected: Protected) -> pl.DataFrame:
    """An equality table in long form; PERIOD_TYPE is month or financial_year."""
    return protected.cells.select(
        PERIOD_TYPE=pl.col("period_type"),
        **_PERIOD,
        **_organisations(),
        CHARACTERISTIC=pl.col("characteristic"),
        GROUP_CODE=pl.col("group_code"),
        GROUP_LABEL=pl.col("group_label"),
        **_MEASURE,
    )


def _organisations() -> dict[str, pl.Expr]:
    return {
        "GROUP_TYPE": pl.col("level"),
        "ORG_CODE1": pl.col("sub_icb_code").fill_null(_ALL_CODE),
        "ORG_NAME1": _name("sub_icb", _ALL_SUB_ICBS),
        "ORG_CODE2": pl.col("provider_code").fill_null(_ALL_CODE),
        "ORG_NAME2": _name("provider", _ALL_PROVIDERS),
    }


def _name(kind: str, name_of_all: str) -> pl.Expr:
    """The organisation's name; the name of all where the level names none."""
    is_all = pl.col(f"{kind}_code").is_null()
    own = pl.col(f"{kind}_name").fill_null(_NO_NAME)
    return pl.when(is_all).then(pl.lit(name_of_all)).otherwise(own)
