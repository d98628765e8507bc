"""The landed store: pseudonymised rows as they came, and the receipts.

What belongs here: the tables of warehouse/landed.duckdb, made from the specification,
and the one transaction that lands a submission. The receipt is written in that
transaction: it is the commit point, so that a submission is landed whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import polars as pl

from parity.home.encrypted_database import attach_encrypted, connect
from parity.specification import Specification, Table
from parity.warehouse.staging_models import schema_name
from pseudonymisation.errors import CodedError

RECEIPT_TABLES = {
    "submission": (
        "submission_id uuid primary key, provider_code varchar not null, "
        "reporting_month date not null, reporting_period_end_date date not null, "
        "submission_kind varchar not null, data_set_version varchar not null"
    ),
    "receipt": (
        "receipt_number bigint primary key, submission_id uuid not null, "
        "received_at timestamp not null"
    ),
    "person_link": (
        "national_person_id uuid primary key, person_id uuid not null, "
        "linkage_step varchar not null"
    ),
    "record_apart": (
        "provider_code varchar not null, reporting_month date not null, "
        "submission_kind varchar not null, row_number integer not null, person_id uuid"
    ),
    "service_request_succession": (
        "service_request_key uuid not null, former_service_request_key uuid not null"
    ),
    "parity_meta": "pseudonym_epoch integer not null",
    "organisation": (
        "organisation_code varchar primary key, organisation_name varchar, "
        "organisation_type varchar, parent_code varchar"
    ),
}


class LandedError(CodedError):
    """The landed store refused a submission; nothing of it was written."""


_ORGANISATION = (
    "organisation_code",
    "organisation_name",
    "organisation_type",
    "parent_code",
)


@dataclass(frozen=True)
class Arrival:
    """An accepted submission at the moment it lands."""

    submission_id: UUID
    provider_code: str
    reporting_month: date
    reporting_period_end_date: date
    submission_kind: str
    data_set_version: str
    received_at: datetime
    pseudonym_epoch: int


class LandedStore:
    """The landed file, open for writing by one process.

    It holds the pseudonyms of one epoch and takes no others.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, specification: Specification
    ) -> None:
        self._connection = connection
        self._specification = specification
        self._create_tables()

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, key: bytes, spill: Path, specification: Specification
    ) -> Iterator[LandedStore]:
        """Attach the encrypted file for writing; it is made when it is not there."""
        connection = connect(spill)
        try:
            attach_encrypted(connection, path, "landed", key)
            yield cls(connection, specification)
        finally:
            connection.close()

    def in_force(self, provider: str, month: date, kind: str) -> UUID | None:
        """The submission that arrived last for a provider, month and kind."""
        row = self._connection.execute(
            """
            select submission_id
            from landed.receipts.receipt
            inner join landed.receipts.submission using (submission_id)
            where provider_code = ? and reporting_month = ? and submission_kind = ?
            order by received_at desc, receipt_number desc
            limit 1
            """,
            [provider, month, kind],
        ).fetchone()
        return row[0] if row else None

    def all_in_force(self) -> list[Arrival]:
        """The submission that arrived last for each provider, month and kind."""
        found = self._connection.execute(
            """
            select
                submission_id,
                provider_code,
                reporting_month,
                reporting_period_end_date,
                submission_kind,
                data_set_version,
                received_at,
                pseudonym_epoch
            from landed.receipts.receipt
            inner join landed.receipts.submission using (submission_id)
            cross join landed.receipts.parity_meta
            qualify row_number() over (
                partition by provider_code, reporting_month, submission_kind
                order by received_at desc, receipt_number desc
            ) = 1
            order by reporting_month, provider_code, submission_kind
            """
        ).fetchall()
        return [Arrival(*row) for row in found]

    def person_links(self) -> pl.DataFrame:
        """The crosswalk as it stands: national_person_id, person_id (UUID text)."""
        found = self._connection.execute(
            """
            select national_person_id::varchar, person_id::varchar
            from landed.receipts.person_link
            """
        ).fetchall()
        schema = {"national_person_id": pl.String, "person_id": pl.String}
        return pl.DataFrame(found, schema=schema, orient="row")

    def count_apart(self) -> int:
        """How many records stand apart from the person whom their number names."""
        found = self._connection.execute(
            "select count(*) from landed.receipts.record_apart"
        ).fetchone()
        return int(found[0]) if found else 0

    def land(
        self,
        arrival: Arrival,
        tables: Mapping[str, pl.DataFrame],
        person_links: pl.DataFrame,
        records_apart: pl.DataFrame,
        organisations: pl.DataFrame,
        successions: pl.DataFrame,
    ) -> None:
        """Write rows, crosswalk, organisations and receipt in one transaction.

        tables: official table name to rows in landed order, without submission_id; of a
        submission that has landed before, those that it does not hold any more.
        person_links, records_apart: of parity.vault.store.Vault, replaced as a whole.
        successions: service_request_key, former_service_request_key (UUID text): a
        referral that a provider took over, and what its predecessor called it.
        Raises LandedError, also for pseudonyms of another epoch than the store's.
        """
        with self._transaction():
            self._check_epoch(arrival.pseudonym_epoch)
            if self._is_known(arrival.submission_id):
                tables = self._missing(arrival.submission_id, tables)
            else:
                self._insert_submission(arrival)
            self._insert(arrival.submission_id, tables, successions)
            self._replace_crosswalk(person_links, records_apart)
            self._replace("organisation", organisations.select(_ORGANISATION))
            self._insert_receipt(arrival)

    def add(
        self,
        submission_id: UUID,
        epoch: int,
        tables: Mapping[str, pl.DataFrame],
        person_links: pl.DataFrame,
        records_apart: pl.DataFrame,
        successions: pl.DataFrame,
    ) -> None:
        """Write rows that a submission which has landed does not hold (any more).

        Its receipt stays as it is, and with it which one is in force. Else as `land`.
        """
        with self._transaction():
            self._check_epoch(epoch)
            rows = self._missing(submission_id, tables)
            self._insert(submission_id, rows, successions)
            self._replace_crosswalk(person_links, records_apart)

    def row_numbers(self, submission_id: UUID, name: str) -> pl.DataFrame:
        """row_number (Int32) of the rows of a table that a submission holds."""
        found = self._connection.execute(
            f"select row_number from {self._table(name)} where submission_id = ?",
            [submission_id],
        ).fetchall()
        return pl.DataFrame(found, schema={"row_number": pl.Int32}, orient="row")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing. Raises LandedError for what DuckDB refuses."""
        self._connection.begin()
        try:
            yield
            self._connection.commit()
        except duckdb.Error as error:
            self._connection.rollback()
            # DuckDB quotes the value that it stumbles over; its type is all we repeat.
            kind = type(error).__name__
        except BaseException:
            self._connection.rollback()
            raise
        else:
            return
        raise LandedError("not_landed", f"nothing was landed: DuckDB's {kind}")

    def _insert(
        self,
        submission_id: UUID,
        tables: Mapping[str, pl.DataFrame],
        successions: pl.DataFrame,
    ) -> None:
        for name, rows in tables.items():
            self._insert_rows(self._specification.tables[name], submission_id, rows)
        self._insert_successions(successions)

    def _missing(
        self, submission_id: UUID, tables: Mapping[str, pl.DataFrame]
    ) -> dict[str, pl.DataFrame]:
        """The rows that a submission which has landed does not hold."""
        return {
            name: rows.join(
                self.row_numbers(submission_id, name),
                on="row_number",
                how="anti",
                maintain_order="left",
            )
            for name, rows in tables.items()
        }

    def _replace_crosswalk(
        self, person_links: pl.DataFrame, records_apart: pl.DataFrame
    ) -> None:
        self._check_links(person_links)
        self._replace("person_link", person_links)
        self._replace("record_apart", records_apart)

    def _table(self, name: str) -> str:
        """A table as a statement names it. Names come from the specification."""
        known = self._specification.tables[name].name.lower()
        return f"landed.{schema_name(self._specification.version)}.{known}"

    def _create_tables(self) -> None:
        schema = schema_name(self._specification.version)
        execute = self._connection.execute
        execute("create schema if not exists landed.receipts")
        for name, columns in RECEIPT_TABLES.items():
            execute(f"create table if not exists landed.receipts.{name} ({columns})")
        execute(f"create schema if not exists landed.{schema}")
        for table in self._specification.tables.values():
            columns = ", ".join(f"{n.lower()} {t}" for n, t in table.landed_columns)
            name = f"landed.{schema}.{table.name.lower()}"
            execute(f"create table if not exists {name} ({columns})")

    def _check_epoch(self, epoch: int) -> None:
        """The first submission sets the epoch; a retired one writes no more."""
        found = self._connection.execute(
            "select pseudonym_epoch from landed.receipts.parity_meta"
        ).fetchone()
        if found is None:
            self._connection.execute(
                "insert into landed.receipts.parity_meta values (?)", [epoch]
            )
        elif found != (epoch,):
            raise LandedError(
                "another_epoch",
                "these pseudonyms belong to another epoch than the rows",
            )

    def _insert_successions(self, successions: pl.DataFrame) -> None:
        self._connection.register("incoming", successions.to_arrow())
        self._connection.execute(
            """
            insert into landed.receipts.service_request_succession
            select service_request_key::uuid, former_service_request_key::uuid
            from incoming
            except
            select * from landed.receipts.service_request_succession
            """
        )
        self._connection.unregister("incoming")

    def _is_known(self, submission_id: UUID) -> bool:
        found = self._connection.execute(
            "select 1 from landed.receipts.submission where submission_id = ?",
            [submission_id],
        ).fetchone()
        return found is not None

    def _insert_submission(self, arrival: Arrival) -> None:
        self._connection.execute(
            "insert into landed.receipts.submission values (?, ?, ?, ?, ?, ?)",
            [
                arrival.submission_id,
                arrival.provider_code,
                arrival.reporting_month,
                arrival.reporting_period_end_date,
                arrival.submission_kind,
                arrival.data_set_version,
            ],
        )

    def _insert_receipt(self, arrival: Arrival) -> None:
        self._connection.execute(
            """
            insert into landed.receipts.receipt
            select coalesce(max(receipt_number), 0) + 1, ?, ?
            from landed.receipts.receipt
            """,
            [arrival.submission_id, arrival.received_at],
        )

    def _insert_rows(
        self, table: Table, submission_id: UUID, rows: pl.DataFrame
    ) -> None:
        if rows.is_empty():
            return
        # Names come from the specification, never from a submission.
        casts = ", ".join(
            f'cast("{name}" as {kind})' for name, kind in table.landed_columns[1:]
        )
        target = self._table(table.name)
        self._connection.register("incoming", rows.to_arrow())
        self._connection.execute(
            f"insert into {target} select ?, {casts} from incoming",
            [submission_id],
        )
        self._connection.unregister("incoming")

    def _check_links(self, person_links: pl.DataFrame) -> None:
        """Raise when the crosswalk no longer knows a person who has landed before."""
        self._connection.register("incoming", person_links.to_arrow())
        lost = self._connection.execute(
            """
            select count(*)
            from landed.receipts.person_link
            where national_person_id not in (
                select national_person_id::uuid from incoming
            )
            """
        ).fetchone()
        self._connection.unregister("incoming")
        if lost != (0,):
            raise LandedError(
                "crosswalk_lost",
                "the vault does not know people who have landed: restore its file",
            )

    def _replace(self, name: str, rows: pl.DataFrame) -> None:
        self._connection.execute(f"delete from landed.receipts.{name}")
        self._connection.register("incoming", rows.to_arrow())
        self._connection.execute(
            f"insert into landed.receipts.{name} select * from incoming"
        )
        self._connection.unregister("incoming")
