"""Columns that stand beside the submitted ones: persons, pathways, ages, areas.

Each is made from identifiers that stop here, by the derivation that derived.csv names.
The rows come with what is known of their person (parity.vault.people.People.beside) and
with the pseudonyms of their pathway (parity.vault.identifiers.pathway_identifiers).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from parity.specification import Derived, Specification
from parity.vault.errors import VaultError
from parity.vault.typed_values import typed
from pseudonymisation.generalise import age_column

HEADER = "IDS000Header"

_AREA_COLUMNS = {
    "has_live_postcode": "is_live",
    "lower_layer_super_output_area_code": "lsoa_code",
    "deprivation_decile": "deprivation_decile",
}


# Columns that the rows come with, by the derivation that names them.
_READY = {
    "linkage_step": "linkage_step",
    "person_as_known": "national_person_id",
    "national_pathway": "national_pathway",
    "person_service_request": "person_service_request",
}


def derived(
    column: Derived,
    specification: Specification,
    header_dates: Mapping[str, date | None],
) -> pl.Expr:
    """A derived column. header_dates: the submission's own dates by field name.

    Raises VaultError for a derivation that is not known here.
    """
    how, _, argument = column.derivation.partition(":")
    if how == "age_at":
        on = _day(argument, column.table, specification, header_dates)
        return age_column(pl.col("birth_date"), on).alias(column.name)
    if how == "area":
        return pl.col(_AREA_COLUMNS[column.column]).alias(column.name)
    if how in _READY:
        return pl.col(_READY[how]).alias(column.name)
    raise VaultError("unknown_derivation", "a derived column cannot be made")


def _day(
    argument: str,
    own_table: str,
    specification: Specification,
    header_dates: Mapping[str, date | None],
) -> pl.Expr:
    table, _, name = argument.partition(".")
    if table == HEADER:
        return pl.lit(header_dates[name], dtype=pl.Date)
    if table != own_table:
        raise VaultError(
            "unknown_derivation", "an age is taken at a day of its own row"
        )
    fields = {field.name: field for field in specification.tables[table].fields}
    return typed(fields[name])
