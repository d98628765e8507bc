"""Who a submission's people are: tokens, and what is known of each without naming them.

What belongs here: the first tier of pseudonyms of people (tokens under the linkage key,
which never leave the vault), the linkage step that named each person, and the guard
that keeps made-up people and real ones in homes of their own. The evidence that the
crosswalk learns from is in parity.vault.evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from parity.home.layout import Kind
from parity.home.reference import Reference
from parity.specification import Specification
from parity.vault.errors import RecordRefused
from parity.vault.evidence import local_message, observed
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from parity.vault.identifiers import message_column, token_of
from parity.vault.typed_values import (
    blank_to_null,
    check_readable,
    refuse_first,
)
from pseudonymisation.canonical_columns import (
    birth_date_column,
    is_test_nhs_number,
    nhs_number_column,
    postcode_column,
)
from pseudonymisation.encoding import text_part

if TYPE_CHECKING:
    from parity.intake.slot import Slot

PERSONS = "IDS001MPI"
REFERRALS = "IDS101Referral"

NHS_NUMBER = "NHSNumber"

_LOCAL_ID, _BIRTH_DATE = "LocalPatientId", "PersonBirthDate"
_REFERRAL_ID = "ServiceRequestId"

_ABOUT_PERSON = (
    "person_token",
    "person_message",
    "national_person_id",
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
    observations: EVIDENCE of parity.vault.evidence: what the crosswalk learns from this
        submission. evidence: message and token of what they hold beside NHS numbers.
    """

    by_row: pl.DataFrame = field(repr=False)
    by_local_id: pl.DataFrame = field(repr=False)
    by_referral: pl.DataFrame = field(repr=False)
    observations: pl.DataFrame = field(repr=False)
    evidence: pl.DataFrame = field(repr=False)

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
    slot: Slot,
    specification: Specification,
    keys: IdentifierKeys,
    reference: Reference,
    home_kind: Kind,
) -> People:
    """The people of a submission. Raises RecordRefused."""
    persons, referrals = kept[PERSONS], kept[REFERRALS]
    provider = slot.provider_code
    _check(kept, specification, home_kind)
    rows = named(persons, provider, keys)
    formers = reference.formers(provider, slot.period_end)
    observations, evidence = observed(rows, provider, formers, keys, home_kind)
    known = _with_area(rows, reference)
    by_local_id = _filled(known, _LOCAL_ID).select(_LOCAL_ID, *_ABOUT_PERSON)
    referred = _filled(referrals, _REFERRAL_ID).select(_REFERRAL_ID, _LOCAL_ID)
    return People(
        by_row=known.select("row_number", *_ABOUT_PERSON),
        by_local_id=by_local_id,
        by_referral=referred.join(by_local_id, on=_LOCAL_ID, how="left"),
        observations=observations,
        evidence=evidence,
    )


def _check(
    kept: dict[str, pl.DataFrame], specification: Specification, home_kind: Kind
) -> None:
    persons = kept[PERSONS]
    fields = {field.name: field for field in specification.tables[PERSONS].fields}
    _check_unique(persons, PERSONS, _LOCAL_ID)
    _check_unique(kept[REFERRALS], REFERRALS, _REFERRAL_ID)
    check_readable(persons, [fields[_BIRTH_DATE]])
    is_test = is_test_nhs_number(nhs_number_column(pl.col(NHS_NUMBER)))
    if home_kind == "synthetic":
        refuse_first(persons, ~is_test, "nhs_number_not_synthetic", fields[NHS_NUMBER])
    else:
        refuse_first(persons, is_test, "nhs_number_synthetic", fields[NHS_NUMBER])


def named(persons: pl.DataFrame, provider: str, keys: IdentifierKeys) -> pl.DataFrame:
    """The person of each row: by NHS number; else by provider, local identifier and
    birth date; else, without a birth date, by provider and local identifier.

    A birth date beside the local identifier keeps apart two people to whom a provider
    gave the same one.
    """
    number = text_part(pl.col("number"))
    local = text_part(blank_to_null(pl.col(_LOCAL_ID)))
    steps = {
        "nhs_number": message_column("nhs-number", number),
        "local_identifier_and_birth_date": local_message(provider),
        "local_identifier": message_column("local-patient", provider, local),
    }
    step = pl.coalesce(
        pl.when(message.is_not_null()).then(pl.lit(name))
        for name, message in steps.items()
    )
    national = keys.pseudonyms(pl.col("person_token"), PERSON_DOMAIN)
    return (
        persons.lazy()
        .with_columns(
            birth_date=birth_date_column(pl.col(_BIRTH_DATE)),
            postcode=postcode_column(pl.col("Postcode")),
            number=nhs_number_column(pl.col(NHS_NUMBER)),
        )
        .with_columns(
            person_message=pl.coalesce(*steps.values()),
            linkage_step=step,
            nhs_token=token_of(steps["nhs_number"], keys),
        )
        .with_columns(person_token=token_of(pl.col("person_message"), keys))
        .with_columns(national_person_id=national)
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
