"""What a submission's records show of who is who: the evidence of the crosswalk.

What belongs here: which facts of a record may speak for two records being one person's,
and in what form the vault keeps them. All are tokens under the linkage key: the vault
can see that two are equal and nothing else. What the facts prove together is decided in
parity.vault.crosswalk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from parity.home.layout import Kind
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.identifiers import message_column, token_of
from parity.vault.typed_values import blank_to_null, stripped
from pseudonymisation.encoding import text_part

# row_number: the row of IDS001MPI. is_verified: whether the sender says that the number
# was traced. nhs_token: NHS number. number_birth_token: number and birth date.
# patient_token: provider and local identifier. local_token: those and birth date.
# former_token: the same at a provider that this one succeeded. demographic_token: birth
# date, postcode and gender. cohort_token: postcode and year of birth.
EVIDENCE: Mapping[str, type[pl.DataType]] = {
    "row_number": pl.Int32,
    "is_verified": pl.Boolean,
    "nhs_token": pl.Binary,
    "number_birth_token": pl.Binary,
    "patient_token": pl.Binary,
    "local_token": pl.Binary,
    "former_token": pl.Binary,
    "demographic_token": pl.Binary,
    "cohort_token": pl.Binary,
}

_AS_THEY_ARE = {"row_number", "is_verified", "nhs_token"}

# What the vault seals beside the messages of persons, so that every token of the
# evidence can be made anew under another key; no pseudonym is made of these.
EVIDENCE_DOMAIN = "evidence"

_LOCAL_ID, _STATUS, _GENDER = "LocalPatientId", "NHSNumberStatus", "Gender"

# "Number present and verified" of the national list. Every other status, and none at
# all, is a number that nobody has traced.
_VERIFIED = "01"

# X is "not known": two people of whom nothing is known are not alike.
_TELLING_GENDERS = ("1", "2", "9")

# Nobody's address: NHS pseudo-postcodes for no fixed abode, abroad, not known. Made-up
# people live there, in synthetic homes only.
_NO_PLACE = "ZZ99"


def local_message(provider: str) -> pl.Expr:
    """Who a provider's local identifier and `birth_date` name; null without either."""
    local = text_part(blank_to_null(pl.col(_LOCAL_ID)))
    return message_column("local-patient", provider, local, text_part(_born()))


def observed(
    named: pl.DataFrame,
    provider: str,
    formers: Sequence[str],
    keys: IdentifierKeys,
    home_kind: Kind,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """EVIDENCE of each record that names anybody; message and token of each fact.

    named: rows of IDS001MPI as text, with birth_date (Date), postcode and number (the
    canonical forms), nhs_token. formers: providers whose local identifiers this one
    took over; a record stands once for each. NHS numbers are not among the messages.
    """
    is_verified = stripped(pl.col(_STATUS)) == _VERIFIED
    taken_over: list[str | None] = [*formers]
    rows = [
        named.lazy().select(
            pl.col("row_number").cast(pl.Int32),
            is_verified.fill_null(value=False).alias("is_verified"),
            "nhs_token",
            **_messages(provider, former, home_kind),
        )
        for former in taken_over or [None]
    ]
    made = {
        name: token_of(pl.col(_message_of(name)), keys)
        for name in EVIDENCE
        if name not in _AS_THEY_ARE
    }
    is_named = pl.any_horizontal(pl.col("nhs_token", "patient_token").is_not_null())
    evident = pl.concat(rows).with_columns(**made).filter(is_named).collect()
    pairs = [evident.select(message=_message_of(n), token=n) for n in made]
    return evident.select(*EVIDENCE), pl.concat(pairs).drop_nulls().unique("token")


def _message_of(name: str) -> str:
    return name.replace("token", "message")


def _messages(provider: str, former: str | None, home_kind: Kind) -> dict[str, pl.Expr]:
    place = pl.col("postcode")
    if home_kind == "live":
        place = pl.when(~place.str.starts_with(_NO_PLACE)).then(place)
    day = pl.col("birth_date")
    # 1 January is what is written for a birthday that nobody knows.
    is_new_year = (day.dt.month() == 1) & (day.dt.day() == 1)
    birthday = text_part(pl.when(~is_new_year).then(_born()))
    gender = stripped(pl.col(_GENDER))
    telling = text_part(pl.when(gender.is_in(_TELLING_GENDERS)).then(gender))
    number, born = text_part(pl.col("number")), text_part(_born())
    local = text_part(blank_to_null(pl.col(_LOCAL_ID)))
    year = text_part(day.dt.to_string("%Y"))
    facts = {
        "number_birth": message_column("number-and-birth", number, born),
        "patient": message_column("local_patient", provider, local),
        "local": local_message(provider),
        "former": local_message(former) if former else pl.lit(None, dtype=pl.Binary),
        "demographic": message_column(
            "demographics", birthday, text_part(place), telling
        ),
        "cohort": message_column("cohort", text_part(place), year),
    }
    return {f"{name}_message": message for name, message in facts.items()}


def _born() -> pl.Expr:
    return pl.col("birth_date").dt.to_string("%Y-%m-%d")
