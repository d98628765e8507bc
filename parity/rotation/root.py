"""New root, linkage and epoch keys together, which takes two custodians.

What belongs here: the rotation of the keys under all others. The linkage key makes the
tokens, so tokens cannot lead to its successor: every sealed message is opened. Vault
and landed store are written anew in one rewriting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from parity.home import Home
from parity.home.keyring import Keyring
from parity.rewriting import (
    NOBODY,
    Prepared,
    RewritingError,
    Stored,
    Telling,
    resume_rewriting,
    rewrite,
)
from parity.rotation.epoch import former_keys, project_keys
from parity.rotation.renaming import Renaming, check_columns
from parity.rotation.resealing import TOKEN_MAP, OpeningKey, Resealing
from parity.specification import load
from parity.vault.custodian_key import CustodianKey
from parity.vault.custodians import appointed, opening_key
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.pseudonym_map import LANDED_TOKENS, make_map
from parity.vault.store import Vault

# Read from the new vault, whose tokens are the fresh ones.
_TOKENS = f"""
    select known.domain, known.provider, renewed.former, known.fresh
    from ({LANDED_TOKENS}) as known
    inner join {TOKEN_MAP} as renewed on known.fresh = renewed.fresh
"""

_LINKS = "receipts.person_link"

# One person before is one person after, and the other way round: pairs of the two
# names, names before, names after, and links that one side lacks.
_PARTITION = """
    select
        count(distinct (former.person_id, fresh.person_id)),
        count(distinct former.person_id),
        count(distinct fresh.person_id),
        count(*) - count(fresh.person_id)
    from former_landed.receipts.person_link as former
    left join renamed_person
        on former.national_person_id = renamed_person.former
    left join {links} as fresh
        on renamed_person.fresh = fresh.national_person_id
"""


class RootRenaming(Renaming):
    """Renaming in which the new tokens also say anew which of them names a person.

    Where records are joined, the lowest token names them all; new tokens have another
    order. Who is one person with whom must be as before.
    """

    def __init__(self, former: IdentifierKeys) -> None:
        super().__init__(load("2.1"), former.epoch, self._made)
        self._former = former

    def query(self, table: Stored) -> str:
        """As the renaming has it; the links as the vault gives them now."""
        if table.label == _LINKS:
            return (
                "select national_person_id, person_id, linkage_step from renewed_link "
                "where national_person_id in (select renamed_person.fresh "
                f"from {table.former} inner join renamed_person "
                "on national_person_id = renamed_person.former)"
            )
        return super().query(table)

    def check_table(self, connection: duckdb.DuckDBPyConnection, table: Stored) -> None:
        """The way back, but for the links, whose persons are compared as groups."""
        if table.label != _LINKS:
            super().check_table(connection, table)
            return
        check_columns(connection, table, {"national_person_id": "person"})
        check_links(connection, table.fresh)

    def _made(
        self,
        connection: duckdb.DuckDBPyConnection,
        keys: Mapping[str, Prepared],
        domains: Sequence[str],
    ) -> int:
        fresh = IdentifierKeys(
            root=keys["root"].key.reveal(),
            linkage=keys["linkage"].key.reveal(),
            epoch_key=keys["epoch"].key.reveal(),
            epoch=keys["epoch"].version,
        )
        mapped = make_map(connection, _TOKENS, domains, self._former, fresh)
        links = Vault(connection).person_links(fresh)
        connection.register("incoming", links.to_arrow())
        connection.execute(
            """
            create temp table renewed_link as
            select
                national_person_id::uuid as national_person_id,
                person_id::uuid as person_id,
                linkage_step
            from incoming
            """
        )
        connection.unregister("incoming")
        check_links(connection, "renewed_link")
        return mapped


def rotate_root(
    home: Home,
    keyring: Keyring,
    one: CustodianKey,
    other: CustodianKey,
    telling: Telling = NOBODY,
) -> Mapping[str, int]:
    """Renew root, linkage and epoch key with all that hangs on them.

    one, other: two different custodians of this home, opened. Returns the counts of the
    verification. Raises VaultError, RewritingError or HomeError: nothing was changed.
    """
    with home.lock("root", telling.waiting):
        resume_rewriting(home, keyring)
        custodians = appointed(home, keyring)
        keyring.ledger().append(
            "opening_key_used", reason="root", one=one.card.name, other=other.card.name
        )
        private = opening_key(custodians, one, other)
        former = former_keys(keyring)
        opening = OpeningKey(private, custodians.opening_public)
        return rewrite(
            home,
            keyring,
            {
                "vault": Resealing(opening, former.linkage),
                "landed": RootRenaming(former),
            },
            "root",
            keys=("root", "linkage", "epoch", *project_keys(keyring)),
            telling=telling,
        )


def check_links(connection: duckdb.DuckDBPyConnection, links: str) -> None:
    """Raise RewritingError unless the same records are one person as before."""
    found = connection.execute(_PARTITION.format(links=links)).fetchone()
    if found is None or len(set(found[:3])) != 1 or found[3]:
        raise RewritingError(
            "links_differ",
            "the vault knows more than has landed: submit the file that was cut off "
            "again, then rotate",
        )
