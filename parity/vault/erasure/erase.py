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

import polars as pl

from parity.home import Home
from parity.home.errors import HomeError
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
    select count(distinct nhs_token)
    from vault.observation
    where local_token = ?
"""
_NUMBER_OF = "select any_value(nhs_token) from vault.observation where local_token = ?"


@dataclass(frozen=True)
class Erasure:
    """How much an erasure takes, or took. Nobody is named by it.

    landed_rows: of the landed store. copies: sealed submissions that name the person;
    unread: copies that nobody can look through. is_known: whether the vault knew them.
    """

    landed_rows: int
    copies: int
    unread: int
    is_known: bool
    done: bool


def erase(
    home: Home, keyring: Keyring, content: bytes, reason: Reason, dry_run: bool
) -> Erasure:
    """Erase the person whom a file's content names (parity.vault.erasure.person).

    dry_run: look, and change nothing. Raises HomeError: person_file, person_ambiguous;
    RewritingError: the landed store and the vault are as they were.
    """
    keys = IdentifierKeys.of(keyring)
    person = read_person(content, keys)
    with home.lock("erase"):
        resume_rewriting(home, keyring)
        gone, is_known = _theirs(home, keyring, person)
        tokens = gone.kept_out.get_column("token")
        copies = find_copies(home, keyring, keys, tokens)
        rows = count_rows(home, keyring, gone)
        if not dry_run:
            keyring.ledger().append(
                "erasure", reason=reason, rows=rows, copies=copies.count
            )
            _keep_out(home, keyring, person, gone)
            end_copies(home, keyring, copies)
            remove(home, keyring, gone, "erasure", erased=True)
    return Erasure(rows, copies.count, copies.unread, is_known, not dry_run)


def _theirs(home: Home, keyring: Keyring, person: Person) -> tuple[Gone, bool]:
    """What is theirs, and whether anything of theirs is known beside their name."""
    with Vault.open(home, keyring.key("vault")) as vault:
        connection = vault.connection
        (numbers,) = connection.execute(_AMBIGUOUS, [person.token]).fetchone() or (0,)
        if numbers > 1:
            raise HomeError(
                "person_ambiguous",
                "that local identifier was seen with more than one NHS number: "
                "name the person by number",
            )
        tokens = [person.token]
        if numbers:
            row = connection.execute(_NUMBER_OF, [person.token]).fetchone()
            tokens += [row[0]] if row else []
        wanted = pl.DataFrame(
            [(token, None) for token in tokens], schema=WANTED, orient="row"
        )
        gone = find_gone(connection, wanted)
        known = connection.execute(
            "select count(*) from vault.identifier where domain = 'person' "
            "and token in (select token from gone_token)"
        ).fetchone()
    return gone, known != (0,) or gone.records.height > 0


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
