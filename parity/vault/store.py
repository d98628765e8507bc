"""The crosswalk: which tokens were seen together, and so which of them are one person.

What belongs here: the vault's own encrypted file and the rule that joins. Local
identifiers seen with exactly one NHS number join its person, in months with or without
the number. Seen with two or more they join none: a local identifier used for two people
must not make them one. The person is named by what joined them, so the order in which
submissions arrive changes nothing.

An observation is never taken back: a number that was sent wrong once keeps its local
identifier from joining. Correction is a matter for people (re-linkage is not here yet).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl

from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.layout import Home
from parity.vault.errors import VaultError
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from pseudonymisation.encoding import bytes_part
from pseudonymisation.keyed_hash import pseudonym_column, uuid_text_column

_OBSERVATION = """
    create table if not exists vault.observation (local_token blob, nhs_token blob)
"""

_RECORD = """
    insert into vault.observation
    select distinct incoming.local_token, incoming.nhs_token
    from incoming
    where not exists (
        select 1
        from vault.observation as seen
        where seen.local_token is not distinct from incoming.local_token
        and seen.nhs_token is not distinct from incoming.nhs_token
    )
"""

# known_as: the token under which a person stood in some submission (the NHS number's
# when there was one). person: the token that names them now.
_LINKS = """
    with local as (
        select
            local_token,
            count(distinct nhs_token) as nhs_tokens,
            min(nhs_token) as nhs_token
        from vault.observation
        where local_token is not null
        group by local_token
    )

    select nhs_token as known_as, nhs_token as person
    from vault.observation
    where nhs_token is not null
    union
    select
        observation.local_token as known_as,
        case when local.nhs_tokens = 1 then local.nhs_token else local.local_token end
    from vault.observation
    inner join local using (local_token)
    where observation.nhs_token is null
    order by known_as
"""


class Vault:
    """The crosswalk's file, open for writing by one process."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._connection.execute(_OBSERVATION)

    @classmethod
    @contextmanager
    def open(cls, home: Home, key: bytes) -> Iterator[Vault]:
        """Open the encrypted crosswalk; it is made when it is not there.

        key: the file key `vault`, 32 bytes. Raises HomeError, KeyRefused.
        """
        connection = connect(home.spill)
        try:
            attach_encrypted(connection, home.vault_file, "vault", key)
            yield cls(connection)
        finally:
            connection.close()

    def record(self, observations: pl.DataFrame) -> None:
        """Add what a submission showed; what was seen before is not added again.

        observations: local_token, nhs_token (Binary, 32 bytes or null).
        """
        incoming = observations.select("local_token", "nhs_token").to_arrow()
        self._connection.register("incoming", incoming)
        self._connection.execute(_RECORD)
        self._connection.unregister("incoming")

    def person_links(self, keys: IdentifierKeys) -> pl.DataFrame:
        """Every person as known at some submission, and the person they are now.

        Columns national_person_id, person_id: UUID text, warehouse pseudonyms; one row
        for each national_person_id. Raises VaultError when two tokens share a
        pseudonym.
        """
        found = self._connection.execute(_LINKS).fetchall()
        schema = {"known_as": pl.Binary, "person": pl.Binary}
        tokens = pl.DataFrame(found, schema=schema, orient="row").lazy()
        links = tokens.select(
            national_person_id=_warehouse_person(keys, "known_as"),
            person_id=_warehouse_person(keys, "person"),
        ).collect()
        if links.get_column("national_person_id").n_unique() != links.height:
            raise VaultError("pseudonym_collision", "two people share a pseudonym")
        return links


def _warehouse_person(keys: IdentifierKeys, name: str) -> pl.Expr:
    token = bytes_part(pl.col(name))
    return uuid_text_column(pseudonym_column(keys.person, PERSON_DOMAIN, token))
