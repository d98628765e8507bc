"""What a submission's pseudonyms are made of: messages and tokens, each value once.

What belongs here: the first tier. A message is the typed encoding of an identifier; a
token is its keyed hash under the linkage key. Tokens and sealed messages go to the
vault (parity.vault.store); pseudonyms land. Messages hold identifiers in clear and
never leave the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from parity.specification import Specification
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.typed_values import blank_to_null
from pseudonymisation.encoding import (
    ColumnPart,
    Part,
    bytes_part,
    encode_column,
    text_part,
)
from pseudonymisation.keyed_hash import hash_column

# What the vault is told of each identifier; `message` is sealed before it is stored.
IDENTIFIERS: Mapping[str, type[pl.DataType]] = {
    "domain": pl.String,
    "provider": pl.String,
    "message": pl.Binary,
    "token": pl.Binary,
}

REFERRAL_DOMAIN = "service_request"


def message_column(kind: str, *parts: ColumnPart | Part) -> pl.Expr:
    """The bytes that are hashed for an identifier; null where a part is unknown."""
    return encode_column(kind, *parts)


def token_of(message: pl.Expr, keys: IdentifierKeys) -> pl.Expr:
    """The token (Binary, 32 bytes) of each message; null stays null."""
    return hash_column(keys.linkage, message)


def supplier_identifiers(
    kept: Mapping[str, pl.DataFrame],
    specification: Specification,
    provider: str,
    keys: IdentifierKeys,
) -> dict[str, pl.DataFrame]:
    """By domain: every identifier that the provider's system assigned, once.

    Columns identifier (as sent), message, token, pseudonym (UUID text). An identifier
    is taken as it is, neither trimmed nor case-folded: two spellings are two. Blank
    ones are not in it.
    """
    columns: dict[str, list[pl.Series]] = {}
    for table in specification.tables.values():
        for field in table.fields:
            if field.pseudonym_domain is not None:
                values = kept[table.name].get_column(field.name)
                columns.setdefault(field.pseudonym_domain, []).append(values)
    return {
        domain: _keyed(series, domain, provider, keys)
        for domain, series in columns.items()
    }


def _keyed(
    series: Iterable[pl.Series], domain: str, provider: str, keys: IdentifierKeys
) -> pl.DataFrame:
    values = pl.concat([each.alias("identifier") for each in series]).unique()
    message = message_column(domain, provider, text_part(pl.col("identifier")))
    return (
        values.to_frame()
        .lazy()
        .filter(blank_to_null(pl.col("identifier")).is_not_null())
        .with_columns(message=message)
        .with_columns(token=token_of(pl.col("message"), keys))
        .with_columns(pseudonym=keys.pseudonyms(pl.col("token"), domain, provider))
        .collect()
    )


def pathway_identifiers(
    referrals: pl.DataFrame, provider: str, keys: IdentifierKeys
) -> dict[str, pl.DataFrame]:
    """By domain: what names a pathway, for each referral whose person is known.

    referrals: ServiceRequestId and person_message (Binary). Columns ServiceRequestId,
    message, token, pseudonym. `national_pathway` is of one provider;
    `person_service_request` is the pair that providers share.
    """
    person = bytes_part(pl.col("person_message"))
    referral = text_part(blank_to_null(pl.col("ServiceRequestId")))
    own: tuple[Part, ...] = (provider,)
    made = {}
    for domain, of, parts in (
        ("national_pathway", provider, own),
        ("person_service_request", "", ()),
    ):
        message = message_column(domain, *parts, person, referral)
        made[domain] = (
            referrals.lazy()
            .select("ServiceRequestId", message=message)
            .filter(pl.col("message").is_not_null())
            .with_columns(token=token_of(pl.col("message"), keys))
            .with_columns(pseudonym=keys.pseudonyms(pl.col("token"), domain, of))
            .collect()
        )
    return made


def former_referrals(
    suppliers: Mapping[str, pl.DataFrame], former: str, keys: IdentifierKeys
) -> pl.DataFrame:
    """The provider's referrals as the predecessor `former` would have called them.

    suppliers: of supplier_identifiers. Columns message, token, service_request_key (the
    provider's own), former_service_request_key.
    """
    identifier = text_part(pl.col("identifier"))
    message = message_column(REFERRAL_DOMAIN, former, identifier)
    keyed = keys.pseudonyms(pl.col("token"), REFERRAL_DOMAIN, former)
    return (
        suppliers[REFERRAL_DOMAIN]
        .lazy()
        .select("identifier", service_request_key="pseudonym")
        .with_columns(message=message)
        .with_columns(token=token_of(pl.col("message"), keys))
        .with_columns(former_service_request_key=keyed)
        .drop("identifier")
        .collect()
    )


def successions_of(formers: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """service_request_key and former_service_request_key of frames of the above."""
    names = ("service_request_key", "former_service_request_key")
    empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return pl.concat([empty, *(frame.select(names) for frame in formers)])


def for_the_vault(frames: Iterable[tuple[str, str, pl.DataFrame]]) -> pl.DataFrame:
    """IDENTIFIERS of frames given as (domain, provider or blank, frame), each once.

    What stands in two domains stands under the one that is given first.
    """
    parts = [
        frame.select(
            pl.lit(domain).alias("domain"),
            pl.lit(provider).alias("provider"),
            "message",
            "token",
        )
        for domain, provider, frame in frames
    ]
    whole = pl.concat([pl.DataFrame(schema=IDENTIFIERS), *parts])
    return whole.filter(pl.col("token").is_not_null()).unique(
        "token", keep="first", maintain_order=True
    )
