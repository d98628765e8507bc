"""The door: a submission's rows in, rows without identifiers out.

What belongs here: the order of the steps. Nothing that comes out holds an identifier;
what identifies goes into tokens, which go to the crosswalk (parity.vault.store) and
nowhere else. Whole columns at a time: no row is ever in hand, so none can be printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from parity.home.layout import Kind
from parity.home.reference import Reference
from parity.specification import Specification, Table
from parity.vault.derived_columns import HEADER, derived
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.misplaced import check_no_identifier_elsewhere
from parity.vault.people import People, identify
from parity.vault.treatments import treated
from parity.vault.typed_values import TYPED, check_readable, typed

if TYPE_CHECKING:
    from parity.intake.slot import Slot

__all__ = ["IdentifierKeys", "Landed", "pseudonymise"]


@dataclass(frozen=True)
class Landed:
    """A submission as it lands.

    tables: by official name, columns and order of Table.landed_columns without
        submission_id; pseudonyms are UUID text (lower case, hyphens).
    observations: local_token, nhs_token (Binary, 32 bytes or null) for the crosswalk.
    """

    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    observations: pl.DataFrame = field(repr=False)


def pseudonymise(
    kept: dict[str, pl.DataFrame],
    slot: Slot,
    specification: Specification,
    keys: IdentifierKeys,
    reference: Reference,
    home_kind: Kind,
) -> Landed:
    """Pseudonymise the rows that the rules kept.

    kept: for every table of the specification, its official columns as text and
    `row_number`. Raises RecordRefused (a value that its type cannot read, a repeated
    key, an NHS number that has no place in a home of this kind) and VaultError.
    """
    provider = slot.provider_code
    people = identify(kept, provider, specification, keys, reference, home_kind)
    check_no_identifier_elsewhere(kept, specification)
    dates = _header_dates(kept[HEADER], specification)
    tables = {
        name: _landed(kept[name], table, people, specification, provider, keys, dates)
        for name, table in specification.tables.items()
    }
    return Landed(tables=tables, observations=people.observations)


def _landed(
    rows: pl.DataFrame,
    table: Table,
    people: People,
    specification: Specification,
    provider: str,
    keys: IdentifierKeys,
    header_dates: Mapping[str, date | None],
) -> pl.DataFrame:
    fields = {field.name: field for field in table.fields}
    additions = {column.name: column for column in table.derived}
    names = [name for name, _ in table.landed_columns if name != "submission_id"]
    landed = [fields[name] for name in names if name in fields]
    check_readable(
        rows, [f for f in landed if f.treatment == "keep" and f.type in TYPED]
    )
    columns = {
        "row_number": pl.col("row_number").cast(pl.Int32),
        **{f.name: treated(f, provider, keys) for f in landed},
        **{
            name: derived(column, provider, specification, keys, header_dates)
            for name, column in additions.items()
        },
    }
    known = people.beside(table.name, rows) if additions else rows
    # Lazily, so that polars hashes each value once for all parts of its UUID text.
    return known.lazy().select(columns[name] for name in names).collect()


def _header_dates(
    header: pl.DataFrame, specification: Specification
) -> dict[str, date | None]:
    """The dates of the submission's one header row, by field name."""
    fields = [f for f in specification.tables[HEADER].fields if f.type == "date"]
    check_readable(header, fields)
    days = header.select(typed(f).alias(f.name) for f in fields)
    return {f.name: days.item(0, f.name) if days.height else None for f in fields}
