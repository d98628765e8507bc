"""The exact cells of a month, read from the marts, in the order of publication.

What belongs here: which rows of which mart a publication is made of. What is read here
is not fit to leave; parity.publication.layout takes it only after disclosure control.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, cast, get_args

import duckdb
import polars as pl

Edition = Literal["primary", "final"]
EDITIONS = cast(tuple[Edition, ...], get_args(Edition))

EqualityTable = Literal["access", "waits", "outcomes"]
EQUALITY_TABLES = cast(tuple[EqualityTable, ...], get_args(EqualityTable))

# Levels in the order of the official file; the names are the marts' and the file's own.
LEVELS = ("England", "SubICB", "Provider", "SubICB - Provider")

_ORGANISATION = "sub_icb_code, sub_icb_name, provider_code, provider_name"


def measure_cells(
    connection: duckdb.DuckDBPyConnection, month: date, edition: Edition
) -> pl.DataFrame:
    """The official measures of a month at every level; no rows when it has no data.

    connection: with the warehouse attached as `warehouse`. month: its first day.
    """
    return frame(
        connection,
        f"""
        select
            'month' as period_type, reporting_month as period_start, period_end,
            level, {_ORGANISATION},
            measures.measure_id, measures.measure_name, measures.statistic,
            numerator, denominator, value
        from warehouse.measures.fct_measures as measures
        left join warehouse.reference.measure_registry as registry using (measure_id)
        where edition = $1 and reporting_month = $2
        order by {_level_order()}, sub_icb_code, provider_code, measure_order
        """,
        [edition, month],
    )


def equality_cells(
    connection: duckdb.DuckDBPyConnection,
    table: EqualityTable,
    month: date,
    edition: Edition,
) -> pl.DataFrame:
    """One equality table for a month and, where that is its last, the financial year.

    The mart's year runs to the last month that the warehouse holds. A publication of an
    earlier month leaves it out: it would tell of months that come after.
    """
    return frame(
        connection,
        f"""
        select
            period_type, period_start, period_end, level, {_ORGANISATION},
            characteristic, group_code, group_label,
            cells.measure_id, cells.measure_name, cells.statistic,
            numerator, denominator, value
        from warehouse.equality.fct_equality_{table} as cells
        left join warehouse.reference.measure_registry as registry using (measure_id)
        where edition = $1 and period_end = last_day($2)
        order by
            period_type desc, {_level_order()}, sub_icb_code, provider_code,
            characteristic, group_order, measure_order
        """,
        [edition, month],
    )


def registry_rows(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The measure registry, as the seed has it."""
    query = "select * from warehouse.reference.measure_registry order by measure_order"
    return frame(connection, query, [])


def threshold_rows(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The thresholds that outcomes were decided by, in one fixed order."""
    query = "select * from warehouse.reference.scale_thresholds order by all"
    return frame(connection, query, [])


def frame(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: list[object]
) -> pl.DataFrame:
    """The rows of a query as a table; a query without rows keeps its columns."""
    found = pl.from_arrow(connection.execute(query, parameters).to_arrow_table())
    return cast(pl.DataFrame, found)


def _level_order() -> str:
    return f"list_position({list(LEVELS)!r}, level)"
