"""At the door: rows of people who are kept out do not go on.

What belongs here: recognising them in a submission as it was sent, and taking out their
rows with all that hangs below. Nobody is named by it: the result is rows and a count.

A record with a number is judged by its number; one without, by everything that the
person who is kept out was known by (local identifier and birth date, also at a provider
that was taken over; birth date, postcode and gender). Of somebody who was erased the
local identifier alone is enough. Rows that were removed and might return are judged
more strictly (parity.intake.returning): a record that shows anything of somebody who is
kept out stays out, its own number notwithstanding, as it may have been theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import polars as pl

from parity.home.layout import Kind
from parity.home.reference import Reference
from parity.intake.slot import Slot
from parity.specification import Specification
from parity.vault.evidence import observed
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.people import PERSONS, named

_KNOWN_BY = ("local_token", "former_token", "demographic_token", "person_token")
_BY_PROVIDER = ("local_token", "former_token", "person_token")


@dataclass(frozen=True)
class KeptOut:
    """Tokens (Binary) whose rows are not taken in: of those erased, and of all."""

    erased: pl.Series = field(repr=False)
    everybody: pl.Series = field(repr=False)


def read_kept_out(
    connection: duckdb.DuckDBPyConnection, opt_outs_count: bool
) -> KeptOut:
    """Who is kept out. opt_outs_count: false in a home that is exempt from them."""
    found = connection.execute(
        "select token, because_of_token is null as erased from vault.kept_out"
    ).to_arrow_table()
    rows = pl.DataFrame(pl.from_arrow(found))
    erased = rows.filter(pl.col("erased")).get_column("token")
    return KeptOut(erased, rows.get_column("token") if opt_outs_count else erased)


def refused_rows(
    persons: pl.DataFrame,
    slot: Slot,
    keys: IdentifierKeys,
    reference: Reference,
    home_kind: Kind,
    out: KeptOut,
    strictly: bool = False,
) -> pl.DataFrame:
    """row_number of the records of IDS001MPI that do not go on.

    strictly: judge a record with a number by everything else too.
    """
    if out.everybody.is_empty():
        return persons.select("row_number").clear()
    tokens = row_tokens(persons, slot, keys, reference, home_kind)
    return tokens.filter(_is_out(out, strictly)).select("row_number").unique()


def row_tokens(
    persons: pl.DataFrame,
    slot: Slot,
    keys: IdentifierKeys,
    reference: Reference,
    home_kind: Kind,
) -> pl.DataFrame:
    """By row_number of IDS001MPI, every token that its person may be known by.

    A row stands once for each provider that this one took over.
    """
    rows = named(persons, slot.provider_code, keys)
    formers = reference.formers(slot.provider_code, slot.period_end)
    evident, _ = observed(rows, slot.provider_code, formers, keys, home_kind)
    own = rows.select(pl.col("row_number").cast(pl.Int32), "person_token")
    return own.join(evident, on="row_number", how="left")


def without_rows(
    tables: Mapping[str, pl.DataFrame], specification: Specification, rows: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Tables without these rows (row_number) of IDS001MPI and what hangs below them."""
    return _parted(tables, specification, rows)[0]


def only_rows(
    tables: Mapping[str, pl.DataFrame], specification: Specification, rows: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Those rows alone: tables that hold nobody's rows are not in it."""
    return _parted(tables, specification, rows)[1]


def _parted(
    tables: Mapping[str, pl.DataFrame], specification: Specification, rows: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    gone: dict[str, pl.DataFrame] = {}
    going: dict[str, pl.DataFrame] = {}
    for name, table in specification.tables.items():
        frame = tables[name]
        if name == PERSONS:
            keys, on = rows.cast(frame.schema["row_number"]), "row_number"
        elif table.parent_table in gone:
            keys, on = gone[table.parent_table], table.parent_key
        else:
            going[name] = frame
            continue
        keys = keys.select(on).drop_nulls().unique()
        gone[name] = frame.join(keys, on=on, how="semi", maintain_order="left")
        going[name] = frame.join(keys, on=on, how="anti", maintain_order="left")
    return going, gone


def _is_out(out: KeptOut, strictly: bool) -> pl.Expr:
    everybody, erased = out.everybody.implode(), out.erased.implode()
    by_rest_too = pl.lit(strictly) | pl.col("nhs_token").is_null()
    by_number = pl.col("nhs_token").is_in(everybody)
    by_rest = pl.any_horizontal(pl.col(n).is_in(everybody) for n in _KNOWN_BY)
    by_provider = pl.any_horizontal(pl.col(n).is_in(erased) for n in _BY_PROVIDER)
    return (
        by_number.fill_null(value=False)
        | (by_rest_too & by_rest.fill_null(value=False))
        | by_provider.fill_null(value=False)
    )
