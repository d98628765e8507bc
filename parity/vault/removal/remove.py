"""People go: landed store and vault written anew without them, at once or not at all.

What belongs here: the order. The ledger says first how many go and why; then both files
are rewritten under new keys (parity.rewriting), which also ends the warehouse and the
packages that were made of the former rows, and the keys that opened them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.standing import REMOVED
from parity.home.unlock import Keyring
from parity.rewriting import rewrite
from parity.specification import load
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from parity.vault.removal.gone import Gone
from parity.vault.removal.landed_rows import WithoutPeople, mark_rows
from parity.vault.removal.vault_rows import WithoutThem


def remove(
    home: Home, keyring: Keyring, gone: Gone, reason: str, erased: bool
) -> Mapping[str, int]:
    """Write landed store and vault without people; warehouse and packages go.

    reason: a word. erased: whether nothing is to be asked about them again. Returns the
    rows that went and those that stay. Raises RewritingError: nothing was changed.
    """
    keys = IdentifierKeys.of(keyring)
    keyring.ledger().append(REMOVED, reason=reason, persons=gone.persons)
    return rewrite(
        home,
        keyring,
        {
            "landed": WithoutPeople(load(), *_landed(gone, keys)),
            "vault": WithoutThem(gone, keys, erased),
        },
        reason,
    )


def count_rows(home: Home, keyring: Keyring, gone: Gone) -> int:
    """How many landed rows are theirs; nothing is changed."""
    if not home.landed_file.exists():
        return 0
    connection = connect(home.spill)
    try:
        key = keyring.key_to_read("landed")
        attach_encrypted(connection, home.landed_file, "landed", key, read_only=True)
        theirs = _landed(gone, IdentifierKeys.of(keyring))
        return sum(mark_rows(connection, "landed", load(), *theirs).values())
    finally:
        connection.close()


def _landed(gone: Gone, keys: IdentifierKeys) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Their pseudonyms, and the records apart that count as theirs."""
    people = gone.tokens.select(person=keys.pseudonyms(pl.col("token"), PERSON_DOMAIN))
    part = pl.col("slot").str.split("_").list
    records = gone.records.filter("is_apart").select(
        provider_code=part.get(0),
        reporting_month=part.get(1).str.to_date("%Y-%m"),
        submission_kind=part.get(2),
        row_number="row_number",
    )
    return people, records
