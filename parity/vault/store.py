"""The vault's own encrypted file: tokens, sealed identifiers, evidence for linkage.

What belongs here: its tables, and writing and reading them. What joins persons stands
in parity.vault.crosswalk.

Every write is repeatable: a submission that is recorded again changes nothing, and one
that comes anew for its slot replaces what the former one had shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import duckdb
import polars as pl

from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.layout import Home
from parity.vault.crosswalk import APART, LINKS
from parity.vault.errors import VaultError
from parity.vault.evidence import EVIDENCE
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from parity.vault.removal.tables import REMOVAL_TABLES
from pseudonymisation.sealed_box import new_batch_key
from pseudonymisation.sealed_identifier import seal_identifiers

# One row for each identifier that stands in the landed store as a pseudonym and (domain
# `evidence`) for each other token of the observations. sealed: its message, under the
# key of its batch (AES-SIV); provider is blank where all share.
# opening: one row for each time that the opening key was joined for a request.
_TABLES = """
    create table if not exists vault.identifier (
        token blob not null,
        domain varchar not null,
        provider varchar not null,
        sealed blob not null,
        batch uuid not null
    );
    create table if not exists vault.batch (batch uuid not null, public blob not null);
    create table if not exists vault.observation (
        slot varchar not null,
        provider varchar not null,
        row_number integer not null,
        is_verified boolean not null,
        nhs_token blob,
        number_birth_token blob,
        patient_token blob,
        local_token blob,
        former_token blob,
        demographic_token blob,
        cohort_token blob
    );
    create table if not exists vault.opening (
        request uuid not null,
        opened_at timestamp not null
    )
"""

# A token that was only evidence so far and now names somebody gets a row for that too.
_NEW = """
    select incoming.domain, incoming.provider, incoming.message, incoming.token
    from incoming
    where not exists (
        select 1 from vault.identifier
        where
            identifier.token = incoming.token
            and (identifier.domain = incoming.domain or incoming.domain = 'evidence')
    )
"""


class Vault:
    """The vault's file, open for writing by one process."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._connection.execute(_TABLES)
        self._connection.execute(REMOVAL_TABLES)

    @classmethod
    @contextmanager
    def open(cls, home: Home, key: bytes) -> Iterator[Vault]:
        """Open the encrypted vault; it is made when it is not there.

        key: the file key `vault`, 32 bytes. Raises HomeError, KeyRefused.
        """
        connection = connect(home.spill)
        try:
            attach_encrypted(connection, home.vault_file, "vault", key)
            yield cls(connection)
        finally:
            connection.close()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection, with the file attached as `vault`, for the vault's own."""
        return self._connection

    def record(
        self,
        slot: str,
        provider: str,
        observations: pl.DataFrame,
        identifiers: pl.DataFrame,
        opening_public: bytes,
    ) -> None:
        """Keep what a submission showed, whole or not at all.

        slot: its name; what an earlier submission for it had shown is taken back.
        observations: parity.vault.evidence.EVIDENCE. identifiers: IDENTIFIERS of
        parity.vault.identifiers; new ones are sealed, so that only the holders of the
        opening key (opening_public: 32 bytes) can read them again.
        """
        self._connection.begin()
        try:
            self._observe(slot, provider, observations)
            self._keep(identifiers, opening_public)
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    def keep(self, identifiers: pl.DataFrame, opening_public: bytes) -> None:
        """Seal identifiers that no submission brings, where they are not known yet."""
        self._connection.begin()
        try:
            self._keep(identifiers, opening_public)
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    def person_links(self, keys: IdentifierKeys) -> pl.DataFrame:
        """Every person as known at some submission, and the person they are now.

        Columns national_person_id, person_id (UUID text, warehouse pseudonyms),
        linkage_step: how they were joined; one row for each national_person_id. Raises
        VaultError when two tokens share a pseudonym.
        """
        found = self._connection.execute(LINKS).to_arrow_table()
        links = (
            pl.DataFrame(pl.from_arrow(found))
            .lazy()
            .select(
                national_person_id=_warehouse_person(keys, "known_as"),
                person_id=_warehouse_person(keys, "person"),
                linkage_step="step",
            )
            .collect()
        )
        if links.get_column("national_person_id").n_unique() != links.height:
            raise VaultError("pseudonym_collision", "two people share a pseudonym")
        return links

    def records_apart(self, keys: IdentifierKeys) -> pl.DataFrame:
        """Records whose number is not believed: they are not who their number says.

        Columns provider_code, reporting_month (Date), submission_kind, row_number (of
        IDS001MPI), person_id (UUID text): whom the rest of the record names; null where
        that is nobody else known, and the record stands by its local identifier.
        """
        found = self._connection.execute(APART).fetchall()
        schema = {"slot": pl.String, "row_number": pl.Int32, "person": pl.Binary}
        rows = pl.DataFrame(found, schema=schema, orient="row").lazy()
        part = pl.col("slot").str.split("_").list
        return rows.select(
            provider_code=part.get(0),
            reporting_month=part.get(1).str.to_date("%Y-%m"),
            submission_kind=part.get(2),
            row_number="row_number",
            person_id=_warehouse_person(keys, "person"),
        ).collect()

    def _observe(self, slot: str, provider: str, observations: pl.DataFrame) -> None:
        execute = self._connection.execute
        execute("delete from vault.observation where slot = ?", [slot])
        incoming = observations.select(*EVIDENCE).to_arrow()
        self._connection.register("incoming", incoming)
        execute(
            "insert into vault.observation select ?, ?, * from incoming",
            [slot, provider],
        )
        self._connection.unregister("incoming")

    def _keep(self, identifiers: pl.DataFrame, opening_public: bytes) -> None:
        self._connection.register("incoming", identifiers.to_arrow())
        found = self._connection.execute(_NEW).to_arrow_table()
        self._connection.unregister("incoming")
        new = pl.DataFrame(pl.from_arrow(found))
        if new.is_empty():
            return
        batch = uuid4()
        public, key = new_batch_key(opening_public)
        sealed = seal_identifiers(key, new["message"], new["token"])
        rows = new.select("token", "domain", "provider", sealed=sealed)
        self._connection.execute(
            "insert into vault.batch values (?, ?)", [batch, public]
        )
        self._connection.register("incoming", rows.to_arrow())
        self._connection.execute(
            "insert into vault.identifier select *, ? from incoming", [batch]
        )
        self._connection.unregister("incoming")


def _warehouse_person(keys: IdentifierKeys, name: str) -> pl.Expr:
    return keys.pseudonyms(pl.col(name), PERSON_DOMAIN)
