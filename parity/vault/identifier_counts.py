"""How good a submission's identifiers were: counts by code, nobody named.

What belongs here: what the receipt and the ledger say of a submission's people. A count
of records by the step that named them, by the step that joined their person, and by the
code why a number, birth date or postcode could not be used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from parity.vault.typed_values import blank_to_null
from pseudonymisation.canonical_columns import (
    birth_date_column,
    nhs_number_refusal,
    postcode_column,
)


def identifier_counts(
    persons: pl.DataFrame, landed: pl.DataFrame, links: pl.DataFrame, apart: int
) -> dict[str, int]:
    """Counts of records of IDS001MPI by word; what is nought is left out.

    persons: the rows as text. landed: their NationalPersonId and LinkageStep.
    links: of Vault.person_links. apart: how many of these rows stand apart from the
    person of their number.
    """
    joined = landed.join(
        links.rename({"linkage_step": "joined"}),
        left_on="NationalPersonId",
        right_on="national_person_id",
        how="left",
    )
    reasons = persons.select(
        nhs_number_refusal(pl.col("NHSNumber")).alias("number"),
        _reason("PersonBirthDate", birth_date_column, "birth_date"),
        _reason("Postcode", postcode_column, "postcode"),
    )
    counts = {
        **_counted(landed["LinkageStep"].fill_null("nothing"), "known_by_"),
        **_counted(joined["joined"].drop_nulls(), "joined_by_"),
        **({"stand_apart": apart} if apart else {}),
    }
    for reason in reasons.iter_columns():
        counts |= _counted(reason.drop_nulls(), "")
    return counts


def _reason(field: str, canonical: Callable[[pl.Expr], pl.Expr], name: str) -> pl.Expr:
    text = pl.col(field)
    blank = blank_to_null(text).is_null()
    return (
        pl.when(blank)
        .then(pl.lit(f"{name}_blank"))
        .when(canonical(text).is_null())
        .then(pl.lit(f"{name}_refused"))
        .alias(name)
    )


def _counted(words: pl.Series, before: str) -> Mapping[str, int]:
    counts = words.value_counts().sort(words.name)
    return {f"{before}{word}": count for word, count in counts.iter_rows()}
