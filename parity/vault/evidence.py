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
) -> pl.DataFrame:
    """EVIDENCE of each record that names anybody.

    named: rows of IDS001MPI as text, with birth_date (Date), postcode and number (the
    canonical forms), nhs_token. formers: providers whose local identifiers this one
    took over; a record stands once for each.
    """
    messages = _messages(provider, home_kind)
    rows = named.lazy().select(
        pl.col("row_number").cast(pl.Int32),
        "nhs_token",
        is_verified=(stripped(pl.col(_STATUS)) == _VERIFIED).fill_null(value=False),
        **{name: token_of(message, keys) for name, message in messages.items()},
        **{
            f"former {n}": token_of(local_message(former), keys)
            for n, former in enumerate(formers)
        },
    )
    is_named = pl.any_horizontal(pl.col("nhs_token", "patient_token").is_not_null())
    kept = rows.filter(is_named).collect()
    nobody = pl.lit(None, dtype=pl.Binary).alias("former_token")
    former = [pl.col(f"former {n}").alias("former_token") for n in range(len(formers))]
    parts = [kept.with_columns(each).select(*EVIDENCE) for each in former or [nobody]]
    return pl.concat(parts)


def _messages(provider: str, home_kind: Kind) -> dict[str, pl.Expr]:
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
    return {
        "number_birth_token": message_column("number-and-birth", number, born),
        "patient_token": message_column("local_patient", provider, local),
        "local_token": local_message(provider),
        "demographic_token": message_column(
            "demographics", birthday, text_part(place), telling
        ),
        "cohort_token": message_column("cohort", text_part(place), year),
    }


def _born() -> pl.Expr:
    return pl.col("birth_date").dt.to_string("%Y-%m-%d")
