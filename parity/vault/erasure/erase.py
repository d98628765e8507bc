"""The order of an erasure: sealed copies, then landed store and vault, and not again.

What belongs here: one person goes, with everything that the crosswalk joins to them.
The ledger says first that it happens, how much and why; never who. Each step may be
done again, so an erasure that was cut off is finished by asking for it again.

Warehouse and packages go too and come anew with the next build. Published tables stay:
they hold protected counts and no person. Receipts and answers stay: they hold no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import duckdb
import polars as pl

from parity.home import Home
from parity.home.errors import HomeError, NobodyKnownError
from parity.home.keyring import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.custodians import appointed
from parity.vault.erasure.copies import end_copies, find_copies
from parity.vault.erasure.person import Person, read_person
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.removal.gone import WANTED, Gone, find_gone
from parity.vault.removal.remove import count_rows, remove
from parity.vault.store import Vault

Reason = Literal["request", "order", "mistake"]

# One person's name for all that they were known by.
_AMBIGUOUS = """
    select count(distinct number)
    from (
        select nhs_token as number from vault.observation where local_token = $1
        union
        select because_of_token from vault.kept_out where token = $1
    )
"""
# Their name, the number seen with it, and all that somebody was known by who left
# because of an opt-out: of them nothing is observed any more.
_NAMES = """
    with own as (
        select $1::blob as token
        union
        select nhs_token from vault.observation where local_token = $1
        union
        select because_of_token from vault.kept_out where token = $1
    )

    select token from own where token is not null
    union
    select token from vault.kept_out where because_of_token in (select token from own)
"""

# What an opt-out leaves behind of somebody, and what an erasure does.
_HELD = """
    select count(*)
    from (
        select token from vault.identifier where domain = 'person'
        union all
        select token from vault.to_ask
        union all
        select because_of_token from vault.kept_out where because_of_token is not null
    )
    where token in (select token from gone_token)
"""
_ERASED = """
    select count(*)
    from vault.kept_out
    where because_of_token is null
    and token in (select token from gone_token)
"""


@dataclass(frozen=True)
class Erasure:
    """How much an erasure takes, or took. Nobody is named by it.

    landed_rows: of the landed store. copies: sealed submissions that name the person;
    unread: copies that nobody can look through. is_known: whether the vault held
    anything of them. was_erased: whether they are kept out since an erasure before.
    """

    landed_rows: int
    copies: int
    unread: int
    is_known: bool
    was_erased: bool
    done: bool

    @property
    def is_nobody(self) -> bool:
        """Whether the home has nothing of them, and never erased them."""
        return not (self.is_known or self.was_erased or self.copies)


def erase(
    home: Home,
    keyring: Keyring,
    content: bytes,
    reason: Reason,
    dry_run: bool,
    keep_out: bool = False,
) -> Erasure:
    """Erase the person whom a file's content names (parity.vault.erasure.person).

    dry_run: look, and change nothing. keep_out: have somebody of whom nothing is held
    refused from now on, where it is an error else. Raises HomeError: person_file,
    person_ambiguous; NobodyKnownError: person_unknown, the ledger has it and nothing
    else changed; RewritingError: the landed store and the vault are as they were.
    """
    keys = IdentifierKeys.of(keyring)
    person = read_person(content, keys)
    with home.lock("erase"):
        resume_rewriting(home, keyring)
        gone, is_known, was_erased = _theirs(home, keyring, person)
        copies = find_copies(home, keyring, keys, gone.kept_out.get_column("token"))
        found = Erasure(
            landed_rows=count_rows(home, keyring, gone),
            copies=copies.count,
            unread=copies.unread,
            is_known=is_known,
            was_erased=was_erased,
            done=not dry_run,
        )
        if not dry_run:
            keyring.ledger().append(
                "erasure", reason=reason, rows=found.landed_rows, copies=found.copies
            )
        if found.is_nobody and not keep_out:
            raise _nobody(copies.unread)
        if not dry_run:
            _keep_out(home, keyring, person, gone)
            end_copies(home, keyring, copies)
            # Else nothing that was landed or built holds them: it stays as it is.
            if found.is_known or found.landed_rows:
                remove(home, keyring, gone, "erasure", erased=True)
    return found


def _nobody(unread: int) -> NobodyKnownError:
    copies = f", and {unread:,} sealed copies cannot be looked through"
    return NobodyKnownError(
        "person_unknown",
        f"nobody of that name is known here{copies if unread else ''}; --keep-out has "
        "later submissions of them refused",
    )


def _theirs(home: Home, keyring: Keyring, person: Person) -> tuple[Gone, bool, bool]:
    """What is theirs; whether anything is known of them, and whether they were erased
    before: as in Erasure."""
    with Vault.open(home, keyring.key("vault")) as vault:
        connection = vault.connection
        if _count(connection, _AMBIGUOUS, [person.token]) > 1:
            raise HomeError(
                "person_ambiguous",
                "that local identifier was seen with more than one NHS number: "
                "name the person by number",
            )
        tokens = connection.execute(_NAMES, [person.token]).fetchall()
        wanted = pl.DataFrame(
            [(token, None) for (token,) in tokens], schema=WANTED, orient="row"
        )
        gone = find_gone(connection, wanted)
        is_known = _count(connection, _HELD) > 0 or gone.records.height > 0
        was_erased = _count(connection, _ERASED) > 0
    return gone, is_known, was_erased


def _count(
    connection: duckdb.DuckDBPyConnection, query: str, values: list[bytes] | None = None
) -> int:
    row = connection.execute(query, values or []).fetchone()
    return int(row[0]) if row else 0


def _keep_out(home: Home, keyring: Keyring, person: Person, gone: Gone) -> None:
    """Have them refused from now on, whatever becomes of the rest."""
    with Vault.open(home, keyring.key("vault")) as vault:
        vault.keep(person.identifiers(), appointed(home, keyring).opening_public)
        connection = vault.connection
        connection.register("incoming", gone.kept_out.to_arrow())
        connection.execute(
            """
            insert into vault.kept_out
            select token, because_of_token from incoming
            where token not in (
                select token from vault.kept_out where because_of_token is null
            )
            """
        )
        connection.unregister("incoming")
