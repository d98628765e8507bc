"""Columns that stand beside the submitted ones: persons, pathways, ages, areas.

Each is made from identifiers that stop here, by the derivation that derived.csv names.
The rows come with what is known of their person (parity.vault.people.People.beside).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from parity.specification import Derived, Specification
from parity.vault.errors import VaultError
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from parity.vault.typed_values import blank_to_null, typed
from pseudonymisation.encoding import bytes_part, text_part
from pseudonymisation.generalise import age_column
from pseudonymisation.keyed_hash import pseudonym_column, uuid_text_column

HEADER = "IDS000Header"

_AREA_COLUMNS = {
    "has_live_postcode": "is_live",
    "lower_layer_super_output_area_code": "lsoa_code",
    "deprivation_decile": "deprivation_decile",
}


def derived(
    column: Derived,
    provider: str,
    specification: Specification,
    keys: IdentifierKeys,
    header_dates: Mapping[str, date | None],
) -> pl.Expr:
    """A derived column. header_dates: the submission's own dates by field name.

    Raises VaultError for a derivation that is not known here.
    """
    how, _, argument = column.derivation.partition(":")
    if how == "age_at":
        on = _day(argument, column.table, specification, header_dates)
        return age_column(pl.col("birth_date"), on).alias(column.name)
    if how == "linkage_step":
        return pl.col("linkage_step").alias(column.name)
    if how == "area":
        return pl.col(_AREA_COLUMNS[column.column]).alias(column.name)
    return uuid_text_column(_pseudonym(how, provider, keys)).alias(column.name)


def _pseudonym(how: str, provider: str, keys: IdentifierKeys) -> pl.Expr:
    person = bytes_part(pl.col("person_token"))
    if how == "person_as_known":
        return pseudonym_column(keys.person, PERSON_DOMAIN, person)
    referral = text_part(blank_to_null(pl.col("ServiceRequestId")))
    if how == "national_pathway":
        key = keys.of_provider(how, provider)
        return pseudonym_column(key, how, provider, person, referral)
    if how == "person_service_request":
        return pseudonym_column(keys.shared(how), how, person, referral)
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
