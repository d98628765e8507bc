"""The NHS numbers that the national check is asked about, kept from intake on.

What belongs here: sealing each number as it lands, and opening all of them for a
request. Why the home keeps them at all, when identifiers can otherwise be opened by two
custodians only: docs/decisions/2026-11-24-numbers-to-ask-about.md.
"""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import polars as pl

from parity.home import Home
from parity.home.keyring import Keyring
from parity.intake.sealed_copies import read_copy, sealed_copies
from parity.vault.errors import VaultError
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.identifiers import message_column, token_of
from parity.vault.people import NHS_NUMBER, PERSONS
from pseudonymisation.canonical_columns import nhs_number_column
from pseudonymisation.derivation import derive
from pseudonymisation.encoding import text_part
from pseudonymisation.sealed_identifier import seal_identifiers, unseal_identifiers

TO_ASK = "to_ask"

# Bound to their purpose, not to their token: a new linkage key changes the tokens. That
# a number stands beside its own token is checked when it is opened.
_BOUND = b"number-to-ask"

# Of people who have landed, and who are not on the list yet.
_NEW = """
    select number, token
    from incoming
    where token not in (select token from vault.to_ask)
    and token in (select token from vault.identifier where domain = 'person')
"""

_UNKNOWN = """
    select count(distinct nhs_token)
    from vault.observation
    where nhs_token is not null
    and nhs_token not in (select token from vault.to_ask)
"""


def remember(
    connection: duckdb.DuckDBPyConnection,
    keyring: Keyring,
    keys: IdentifierKeys,
    numbers: pl.Series,
) -> None:
    """Keep the numbers of a submission (NHSNumber as sent) sealed; known ones once."""
    canonical = pl.DataFrame({"number": numbers}).select(
        number=nhs_number_column(pl.col("number"))
    )
    tokens = with_tokens(canonical.drop_nulls().unique(), keys)
    connection.register("incoming", tokens.to_arrow())
    new = pl.DataFrame(pl.from_arrow(connection.execute(_NEW).to_arrow_table()))
    connection.unregister("incoming")
    if new.is_empty():
        return
    version, key = _key_in_force(keyring)
    rows = new.select(
        "token",
        key_version=pl.lit(version, dtype=pl.Int32),
        sealed=seal_identifiers(key, new["number"].cast(pl.Binary), _bound(new.height)),
    )
    connection.register("incoming", rows.to_arrow())
    connection.execute("insert into vault.to_ask select * from incoming")
    connection.unregister("incoming")


def catch_up(
    home: Home, keyring: Keyring, connection: duckdb.DuckDBPyConnection
) -> None:
    """Take numbers that are not on the list from the sealed copies still kept.

    They are missing where people landed while the home was exempt.
    """
    keys = IdentifierKeys.of(keyring)
    for copy in sealed_copies(home.landing_sealed):
        if connection.execute(_UNKNOWN).fetchone() == (0,):
            return
        tables = read_copy(home, keyring, copy).tables
        remember(connection, keyring, keys, tables[PERSONS].get_column(NHS_NUMBER))


def opened_numbers(
    connection: duckdb.DuckDBPyConnection, keyring: Keyring, keys: IdentifierKeys
) -> pl.DataFrame:
    """number (ten digits) and token of everybody to ask about, in order of number.

    Raises EnvelopeRefused, HomeError, or VaultError: numbers_altered.
    """
    found = connection.execute("select * from vault.to_ask").to_arrow_table()
    rows = pl.DataFrame(pl.from_arrow(found))
    opened = [
        part.select(
            "token", number=unseal_identifiers(key, part["sealed"], _bound(part.height))
        )
        for part in rows.partition_by("key_version")
        for key in [_key(keyring.key_to_read(TO_ASK, part.item(0, "key_version")))]
    ]
    empty = pl.DataFrame(schema={"token": pl.Binary, "number": pl.Binary})
    numbers = pl.concat([empty, *opened]).with_columns(pl.col("number").cast(pl.String))
    again = with_tokens(numbers.select("number"), keys)
    if again.get_column("token").to_list() != numbers.get_column("token").to_list():
        raise VaultError("numbers_altered", "a number to ask about is another's")
    return numbers.sort("number")


def with_tokens(numbers: pl.DataFrame, keys: IdentifierKeys) -> pl.DataFrame:
    """number (canonical) and its token (Binary, 32 bytes)."""
    message = message_column("nhs-number", text_part(pl.col("number")))
    return numbers.select("number", token=token_of(message, keys))


def _key_in_force(keyring: Keyring) -> tuple[int, bytes]:
    """The version that seals, and its key; renewed when its period of sealing ended.

    Each row says its own version, so that the former ones read on.
    """
    if TO_ASK not in keyring.names():
        keyring.generate(TO_ASK, "sealing")
    version = keyring.version(TO_ASK)
    if not keyring.record(TO_ASK, version).protects(datetime.now(UTC)):
        version = keyring.rotate(TO_ASK)
    return version, _key(keyring.key(TO_ASK))


def _key(key: bytes) -> bytes:
    return derive(key, "to-ask", "authenticates") + derive(key, "to-ask", "encrypts")


def _bound(count: int) -> pl.Series:
    return pl.Series([_BOUND] * count, dtype=pl.Binary)
