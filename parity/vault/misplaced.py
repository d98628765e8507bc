"""Identifiers that a sender put where they do not belong.

What belongs here: the last look before rows land. An NHS number or postcode of the same
submission that stands whole in a field that is kept as sent (a code, an organisation)
stops the submission: kept fields reach the warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from parity.specification import Specification
from parity.vault.people import PERSONS
from parity.vault.typed_values import TYPED, refuse_first
from pseudonymisation.canonical_columns import nhs_number_column, postcode_column

_SHORTEST_POSTCODE = 5


def check_no_identifier_elsewhere(
    kept: Mapping[str, pl.DataFrame], specification: Specification
) -> None:
    """Look through every text field that is kept. Raises RecordRefused."""
    persons = kept[PERSONS]
    numbers = persons.select(nhs_number_column(pl.col("NHSNumber"))).to_series()
    postcodes = persons.select(postcode_column(pl.col("Postcode"))).to_series()
    for table in specification.tables.values():
        rows = kept[table.name]
        for field in table.fields:
            if field.treatment != "keep" or field.type in TYPED:
                continue
            if field.max_length >= _SHORTEST_POSTCODE:
                text = pl.col(field.name)
                # A number with a sign names nobody here, and tells as much as without.
                bare = nhs_number_column(text.str.strip_chars(" -"))
                wrong = bare.is_in(numbers.drop_nulls().implode())
                wrong |= postcode_column(text).is_in(postcodes.drop_nulls().implode())
                is_wrong = wrong.fill_null(value=False)
                refuse_first(rows, is_wrong, "identifier_in_another_field", field)
