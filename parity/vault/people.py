"""Who a submission's people are: tokens, and what is known of each without naming them.

What belongs here: the first tier of pseudonyms (tokens under the linkage key, which
never leave the vault), the linkage step that named each person, and the guard that
keeps made-up people and real ones in homes of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from parity.home.layout import Kind
from parity.home.reference import Reference
from parity.specification import Specification
from parity.vault.errors import RecordRefused
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.typed_values import blank_to_null, check_readable, refuse_first
from pseudonymisation.canonical_columns import (
    birth_date_column,
    is_test_nhs_number,
    nhs_number_column,
    postcode_column,
)
from pseudonymisation.encoding import text_part
from pseudonymisation.keyed_hash import token_column

PERSONS = "IDS001MPI"
REFERRALS = "IDS101Referral"

_LOCAL_ID, _NHS_NUMBER, _BIRTH_DATE = "LocalPatientId", "NHSNumber", "PersonBirthDate"
_REFERRAL_ID = "ServiceRequestId"

_ABOUT_PERSON = (
    "person_token",
    "linkage_step",
    "birth_date",
    "is_live",
    "lsoa_code",
    "deprivation_decile",
)


@dataclass(frozen=True)
class People:
    """The people of one submission, in memory only.

    by_row: row_number of IDS001MPI and what is known of the person: _ABOUT_PERSON.
    by_local_id: LocalPatientId and the same. by_referral: ServiceRequestId and the
        same, of the person referred. Blank keys are in neither: they lead to nobody.
    observations: local_token, nhs_token (Binary, 32 bytes or null): what the crosswalk
        learns from this submission.
    """

    by_row: pl.DataFrame
    by_local_id: pl.DataFrame
    by_referral: pl.DataFrame
    observations: pl.DataFrame

    def beside(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with what is known of the person of each; nulls where there is none."""
        if table == PERSONS:
            known, key = self.by_row, "row_number"
        elif _LOCAL_ID in rows.columns:
            known, key = self.by_local_id, _LOCAL_ID
        else:
            known, key = self.by_referral, _REFERRAL_ID
        return rows.join(known, on=key, how="left", maintain_order="left")


def identify(
    kept: dict[str, pl.DataFrame],
    provider: str,
    specification: Specification,
    keys: IdentifierKeys,
    reference: Reference,
    home_kind: Kind,
) -> People:
    """The people of a submission. Raises RecordRefused."""
    persons, referrals = kept[PERSONS], kept[REFERRALS]
    fields = {field.name: field for field in specification.tables[PERSONS].fields}
    _check_unique(persons, PERSONS, _LOCAL_ID)
    _check_unique(referrals, REFERRALS, _REFERRAL_ID)
    check_readable(persons, [fields[_BIRTH_DATE]])
    is_test = is_test_nhs_number(nhs_number_column(pl.col(_NHS_NUMBER)))
    if home_kind == "synthetic":
        refuse_first(persons, ~is_test, "nhs_number_not_synthetic", fields[_NHS_NUMBER])
    else:
        refuse_first(persons, is_test, "nhs_number_synthetic", fields[_NHS_NUMBER])
    named = _named(persons, provider, keys)
    known = _with_area(named, reference)
    by_local_id = _filled(known, _LOCAL_ID).select(_LOCAL_ID, *_ABOUT_PERSON)
    referred = _filled(referrals, _REFERRAL_ID).select(_REFERRAL_ID, _LOCAL_ID)
    seen = named.select("local_token", "nhs_token").unique()
    return People(
        by_row=known.select("row_number", *_ABOUT_PERSON),
        by_local_id=by_local_id,
        by_referral=referred.join(by_local_id, on=_LOCAL_ID, how="left"),
        observations=seen.filter(pl.any_horizontal(pl.all().is_not_null())),
    )


def _named(persons: pl.DataFrame, provider: str, keys: IdentifierKeys) -> pl.DataFrame:
    """Tokens of each person: by NHS number, else by provider and local identifier."""
    local = text_part(blank_to_null(pl.col(_LOCAL_ID)))
    number = text_part(nhs_number_column(pl.col(_NHS_NUMBER)))
    by_number = pl.col("nhs_token").is_not_null()
    return (
        persons.lazy()
        .with_columns(
            local_token=token_column(keys.linkage, "local-patient", provider, local),
            nhs_token=token_column(keys.linkage, "nhs-number", number),
            birth_date=birth_date_column(pl.col(_BIRTH_DATE)),
            postcode=postcode_column(pl.col("Postcode")),
        )
        .with_columns(
            person_token=pl.coalesce("nhs_token", "local_token"),
            linkage_step=pl.when(by_number)
            .then(pl.lit("nhs_number"))
            .when(pl.col("local_token").is_not_null())
            .then(pl.lit("local_identifier")),
        )
        .collect()
    )


def _with_area(named: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Area and deprivation of live postcodes; all unknown without a reference."""
    found = named.join(
        reference.postcodes, on="postcode", how="left", maintain_order="left"
    )
    is_live = pl.col("is_live").fill_null(False)
    has_reference = pl.lit(reference.postcodes.height > 0)
    return found.with_columns(
        is_live=pl.when(has_reference).then(is_live),
        lsoa_code=pl.when(is_live).then("lsoa_code"),
        deprivation_decile=pl.when(is_live).then("deprivation_decile"),
    )


def _filled(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    return rows.filter(blank_to_null(pl.col(key)).is_not_null())


def _check_unique(rows: pl.DataFrame, table: str, name: str) -> None:
    """The rules refuse repeated keys before; here a repeat would merge two people."""
    again = _filled(rows, name).filter(~pl.col(name).is_first_distinct())
    if again.height:
        raise RecordRefused("repeated_key", table, name, int(again["row_number"][0]))
