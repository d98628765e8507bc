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
from parity.rotation.renaming import Renaming, check_none_former
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
_APART = "receipts.record_apart"

# One person before is one person after, and the other way round: pairs of the two
# names, names before, names after, and links that one side lacks.
_PARTITION = """
    select
        count(distinct (former.person_id, fresh.person_id)),
        count(distinct former.person_id),
        count(distinct fresh.person_id),
        count(*) filter (where former.person_id is null or fresh.person_id is null)
    from former_landed.receipts.person_link as former
    inner join renamed_person
        on former.national_person_id = renamed_person.former
    full join {links} as fresh
        on renamed_person.fresh = fresh.national_person_id
"""


# The same for the records that stand apart: those that lack their counterpart, or whose
# person is another than that of the links.
_APART_DIFFERS = """
    with persons as (
        select distinct former.person_id as former, fresh.person_id as fresh
        from former_landed.receipts.person_link as former
        inner join renamed_person on former.national_person_id = renamed_person.former
        inner join {links} as fresh
            on renamed_person.fresh = fresh.national_person_id
    )

    select count(*)
    from former_landed.receipts.record_apart as former
    full join {apart} as fresh
        using (provider_code, reporting_month, submission_kind, row_number)
    left join persons on former.person_id = persons.former
    where former.row_number is null
    or fresh.row_number is null
    or fresh.person_id is distinct from persons.fresh
"""

# Placed: the rows of a table of crosswalk, as the vault gives them now, in memory.
_RENEWED = {
    _LINKS: (
        "renewed_link",
        "national_person_id::uuid as national_person_id, "
        "person_id::uuid as person_id, linkage_step",
    ),
    _APART: (
        "renewed_apart",
        "provider_code, reporting_month, submission_kind, row_number, "
        "person_id::uuid as person_id",
    ),
}


class RootRenaming(Renaming):
    """Renaming in which the vault says anew which token names a person.

    Where several could, the lowest does, and new tokens have another order. Who is one
    person with whom must be as before.
    """

    def __init__(self, former: IdentifierKeys) -> None:
        super().__init__(load("2.1"), former.epoch, self._made)
        self._former = former

    def query(self, table: Stored) -> str:
        """As the renaming has it; the crosswalk as the vault gives it now."""
        if table.label in _RENEWED:
            return f"select {', '.join(table.columns)} from {_RENEWED[table.label][0]}"
        return super().query(table)

    def check_table(self, connection: duckdb.DuckDBPyConnection, table: Stored) -> None:
        """The way back, but for the crosswalk, whose persons are compared as groups."""
        if table.label not in _RENEWED:
            super().check_table(connection, table)
            return
        check_none_former(connection, table, self.pseudonyms_of(table))
        check_crosswalk(connection, f"landed.{_LINKS}", f"landed.{_APART}")

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
        vault = Vault(connection)
        crosswalk = {
            _LINKS: vault.person_links(fresh),
            _APART: vault.records_apart(fresh),
        }
        for label, (name, columns) in _RENEWED.items():
            connection.register("incoming", crosswalk[label].to_arrow())
            connection.execute(
                f"create temp table {name} as select {columns} from incoming"
            )
            connection.unregister("incoming")
        check_crosswalk(connection, "renewed_link", "renewed_apart")
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


def check_crosswalk(
    connection: duckdb.DuckDBPyConnection, links: str, apart: str
) -> None:
    """Raise RewritingError unless the same records are one person as before."""
    persons = connection.execute(_PARTITION.format(links=links)).fetchone()
    strays = connection.execute(_APART_DIFFERS.format(links=links, apart=apart))
    if (
        persons is None
        or len(set(persons[:3])) != 1
        or persons[3]
        or strays.fetchone() != (0,)
    ):
        raise RewritingError(
            "links_differ",
            "the vault knows more than has landed: submit the file that was cut off "
            "again, then rotate",
        )
