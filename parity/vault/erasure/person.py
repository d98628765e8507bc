"""Who is to be erased: a small file of the operator's, and the tokens that it means.

What belongs here: reading the file strictly. What stands in it names somebody, so no
message says more than which line is wrong, and it is never an argument of a program.

    nhs_number = "..."

or, where the number is not known,

    provider = "RX1"
    local_identifier = "..."
    birth_date = "YYYY-MM-DD"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field

import polars as pl

from parity.home.errors import HomeError
from parity.vault.evidence import EVIDENCE_DOMAIN
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.identifiers import for_the_vault, message_column, token_of
from pseudonymisation.canonical_columns import birth_date_column, nhs_number_column
from pseudonymisation.encoding import text_part

_BY_NUMBER = {"nhs_number"}
_BY_PROVIDER = {"provider", "local_identifier", "birth_date"}


@dataclass(frozen=True)
class Person:
    """Somebody, by what the operator knows. Shows nothing when printed."""

    message: bytes = field(repr=False)
    token: bytes = field(repr=False)

    def identifiers(self) -> pl.DataFrame:
        """What names them, for the vault to seal: IDENTIFIERS, as evidence."""
        row = pl.DataFrame(
            {"message": [self.message], "token": [self.token]},
            schema={"message": pl.Binary, "token": pl.Binary},
        )
        return for_the_vault([(EVIDENCE_DOMAIN, "", row)])


def read_person(content: bytes, keys: IdentifierKeys) -> Person:
    """The person of a file's content. Raises HomeError: person_file."""
    try:
        said = tomllib.loads(content.decode("utf-8"))
    except ValueError:
        raise _refused("it is no TOML") from None
    if set(said) not in (_BY_NUMBER, _BY_PROVIDER):
        raise _refused(
            "it holds nhs_number, or provider, local_identifier and birth_date"
        )
    if not all(isinstance(value, str) and value.strip() for value in said.values()):
        raise _refused("each line is a text in quotation marks")
    row = pl.DataFrame(said)
    message = _number(row) if "nhs_number" in said else _local(row)
    found = row.select(message=message).with_columns(
        token=token_of(pl.col("message"), keys)
    )
    if found.null_count().row(0) != (0, 0):
        raise _refused("the number or the birth date has no valid form")
    return Person(*found.row(0))


def _number(row: pl.DataFrame) -> pl.Expr:  # noqa: ARG001  as _local
    return message_column(
        "nhs-number", text_part(nhs_number_column(pl.col("nhs_number")))
    )


def _local(row: pl.DataFrame) -> pl.Expr:
    born = birth_date_column(pl.col("birth_date")).dt.to_string("%Y-%m-%d")
    local = text_part(pl.col("local_identifier"))
    provider = str(row.item(0, "provider"))
    return message_column("local-patient", provider, local, text_part(born))


def _refused(why: str) -> HomeError:
    return HomeError("person_file", f"the person's file cannot be used: {why}")
