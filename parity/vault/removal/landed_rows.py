"""The landed store without somebody's rows: which they are, and the new file.

What belongs here: from a person's pseudonyms to every row that hangs below them, table
by table as the specification says, each submission by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from parity.rewriting import Copy, Prepared, RewritingError, Stored, row_count
from parity.specification import Specification, Table
from parity.vault.people import PERSONS, REFERRALS
from parity.warehouse.staging_models import schema_name

# person: pseudonyms (UUID text) of everybody who goes. records: provider_code,
# reporting_month (Date), submission_kind, row_number of records that count as theirs
# although they carry another number.
PEOPLE = pl.Schema({"person": pl.String})
RECORDS = pl.Schema(
    {
        "provider_code": pl.String,
        "reporting_month": pl.Date,
        "submission_kind": pl.String,
        "row_number": pl.Int32,
    }
)

_LINKS, _APART = "receipts.person_link", "receipts.record_apart"
_SUCCESSIONS = "receipts.service_request_succession"

# The submission in force in each slot: the records that stand apart are of these.
_IN_FORCE = """
    select
        provider_code, reporting_month, submission_kind,
        arg_max(submission_id, (received_at, receipt_number)) as submission_id
    from {database}.receipts.receipt
    inner join {database}.receipts.submission using (submission_id)
    group by all
"""


def mark_rows(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    specification: Specification,
    people: pl.DataFrame,
    records: pl.DataFrame,
) -> dict[str, int]:
    """Make the tables gone_<table> (submission_id, row_number and the table's key).

    database: the attached landed store that is looked through. people: PEOPLE. records:
    RECORDS. Returns how many rows of each table are theirs.
    """
    _register(connection, "gone_pseudonym", "person::uuid as person", people, PEOPLE)
    _register(connection, "gone_apart_record", "*", records, RECORDS)
    counts: dict[str, int] = {}
    for name, table in specification.tables.items():
        if name == PERSONS or table.parent_table in counts:
            query = (
                _of_persons(database, specification)
                if name == PERSONS
                else _below(database, specification, table)
            )
            connection.execute(f"create temp table {_gone(name)} as {query}")
            counts[name] = row_count(connection, _gone(name))
    return counts


class WithoutPeople(Copy):
    """The landed store without people; see `parity.rewriting.Transform`."""

    def __init__(
        self, specification: Specification, people: pl.DataFrame, records: pl.DataFrame
    ) -> None:
        self._specification = specification
        self._people = people
        self._records = records
        schema = schema_name(specification.version)
        self._labels = {f"{schema}.{n.lower()}": n for n in specification.tables}
        self._gone: Mapping[str, int] = {}

    def prepare(
        self,
        connection: duckdb.DuckDBPyConnection,
        keys: Mapping[str, Prepared],  # noqa: ARG002  the interface's
    ) -> None:
        """Find their rows."""
        self._gone = mark_rows(
            connection,
            "former_landed",
            self._specification,
            self._people,
            self._records,
        )

    def query(self, table: Stored) -> str:
        """Every row but theirs."""
        rows = f"select {', '.join(table.columns)} from {table.former} as source"
        name = self._labels.get(table.label, "")
        if name in self._gone:
            return (
                f"{rows} where not exists (select 1 from {_gone(name)} as gone "
                "where gone.submission_id = source.submission_id "
                "and gone.row_number = source.row_number)"
            )
        if table.label == _LINKS:
            return (
                f"{rows} where national_person_id not in "
                "(select person from gone_pseudonym)"
            )
        if table.label == _SUCCESSIONS:
            return f"{rows} where {self._stays_referred()}"
        return f"{rows} where {_stays_apart()}" if table.label == _APART else rows

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """Each table has its rows less theirs, and their pseudonyms stand nowhere."""
        for table in tables:
            gone = self._gone.get(self._labels.get(table.label, ""), 0)
            known = table.label in self._labels
            former, fresh = (
                row_count(connection, t) for t in (table.former, table.fresh)
            )
            if (known and fresh != former - gone) or fresh > former:
                raise RewritingError("rows_differ", f"{table.label}: other rows went")
        if self._left(connection):
            raise RewritingError("people_left", "people who must go are still there")
        rows = sum(row_count(connection, table.fresh) for table in tables)
        return {"gone": sum(self._gone.values()), "rows": rows}

    def _stays_referred(self) -> str:
        """A succession goes with the last referral of theirs that it is about."""
        referrals = f"former_landed.{_label(self._specification, REFERRALS)}"
        return f"""
            service_request_key not in (
                select servicerequestid from {_gone(REFERRALS)}
                where servicerequestid is not null
            )
            or service_request_key in (
                select others.servicerequestid
                from {referrals} as others
                anti join {_gone(REFERRALS)} as gone
                    on others.submission_id = gone.submission_id
                    and others.row_number = gone.row_number
                where others.servicerequestid is not null
            )
        """

    def _left(self, connection: duckdb.DuckDBPyConnection) -> int:
        persons = f"landed.{_label(self._specification, PERSONS)}"
        places = [
            (persons, "nationalpersonid"),
            (f"landed.{_LINKS}", "national_person_id"),
            (f"landed.{_LINKS}", "person_id"),
        ]
        return sum(
            row_count(
                connection,
                f"{relation} where {name} in (select person from gone_pseudonym)",
            )
            for relation, name in places
        )


def _of_persons(database: str, specification: Specification) -> str:
    persons = f"{database}.{_label(specification, PERSONS)}"
    return f"""
        select submission_id, row_number, localpatientid
        from {persons}
        where nationalpersonid in (select person from gone_pseudonym)
        union
        select persons.submission_id, persons.row_number, persons.localpatientid
        from {persons} as persons
        inner join ({_IN_FORCE.format(database=database)}) as in_force
            using (submission_id)
        inner join gone_apart_record
            using (provider_code, reporting_month, submission_kind, row_number)
    """


def _below(database: str, specification: Specification, table: Table) -> str:
    own = _own_key(specification, table)
    key = table.parent_key.lower()
    return (
        f"select source.submission_id, source.row_number{own} "
        f"from {database}.{_label(specification, table.name)} as source "
        f"semi join {_gone(table.parent_table)} as gone "
        f"on source.submission_id = gone.submission_id and source.{key} = gone.{key}"
    )


def _own_key(specification: Specification, table: Table) -> str:
    """The column by which other tables hang below this one, after a comma."""
    keys = {t.parent_key for t in specification.tables.values() if t.parent_table}
    below = {
        t.parent_key.lower()
        for t in specification.tables.values()
        if t.parent_table == table.name and t.parent_key in keys
    }
    return "".join(f", source.{name}" for name in sorted(below))


def _stays_apart() -> str:
    """A record that stands apart goes with its row, and with whom it counts for."""
    gone = _gone(PERSONS)
    return f"""
        coalesce(person_id not in (select person from gone_pseudonym), true)
        and not exists (
            select 1
            from {gone} as gone
            inner join ({_IN_FORCE.format(database="former_landed")}) as in_force
                using (submission_id)
            where in_force.provider_code = source.provider_code
            and in_force.reporting_month = source.reporting_month
            and in_force.submission_kind = source.submission_kind
            and gone.row_number = source.row_number
        )
    """


def _register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    selected: str,
    rows: pl.DataFrame,
    schema: pl.Schema,
) -> None:
    connection.register("incoming", rows.select(*schema).cast(schema).to_arrow())
    connection.execute(f"create temp table {name} as select {selected} from incoming")
    connection.unregister("incoming")


def _label(specification: Specification, name: str) -> str:
    return f"{schema_name(specification.version)}.{name.lower()}"


def _gone(name: str) -> str:
    return f"gone_{name.lower()}"
