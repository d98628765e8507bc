"""Which columns of the landed store hold pseudonyms, and of which domain.

What belongs here: the list, made from the specification and the receipts. A UUID column
that is neither in it nor known to be no pseudonym stops a rotation: it would keep the
former pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from parity.rewriting import RewritingError
from parity.specification import Specification, Table
from parity.vault.identifier_keys import PERSON_DOMAIN
from parity.vault.identifiers import REFERRAL_DOMAIN
from parity.warehouse.staging_models import schema_name

Columns = Mapping[str, Mapping[str, str]]
"""By table (`schema.name`), the domain of each column that holds pseudonyms."""

_OF_DERIVATION = {
    "person_as_known": PERSON_DOMAIN,
    "national_pathway": "national_pathway",
    "person_service_request": "person_service_request",
}

_RECEIPTS: Columns = {
    "receipts.person_link": {
        "national_person_id": PERSON_DOMAIN,
        "person_id": PERSON_DOMAIN,
    },
    "receipts.record_apart": {"person_id": PERSON_DOMAIN},
    "receipts.service_request_succession": {
        "service_request_key": REFERRAL_DOMAIN,
        "former_service_request_key": REFERRAL_DOMAIN,
    },
}

# A submission's identifier names a file, not a person; no epoch changes it.
_NO_PSEUDONYMS = frozenset({"submission_id"})


def pseudonym_columns(specification: Specification) -> Columns:
    """Every pseudonym column of the landed store, names in lower case as landed."""
    tables = {
        landed_label(specification, table): _of_table(table)
        for table in specification.tables.values()
    }
    return {**{label: known for label, known in tables.items() if known}, **_RECEIPTS}


def landed_label(specification: Specification, table: Table) -> str:
    """`schema.name` of a table's landed table."""
    return f"{schema_name(specification.version)}.{table.name.lower()}"


def domains_of(columns: Columns) -> Iterable[str]:
    """Every domain that a column is of."""
    return {domain for known in columns.values() for domain in known.values()}


def check_known(
    connection: duckdb.DuckDBPyConnection, database: str, columns: Columns
) -> None:
    """Raise RewritingError for a UUID column of a database that is not known."""
    found = connection.execute(
        """
        select schema_name || '.' || table_name, column_name
        from duckdb_columns()
        where database_name = $1 and data_type = 'UUID' and not internal
        """,
        [database],
    ).fetchall()
    for label, name in found:
        if name not in _NO_PSEUDONYMS and name not in columns.get(label, {}):
            raise RewritingError(
                "column_unknown", f"{label}.{name} may hold pseudonyms of no known kind"
            )


def _of_table(table: Table) -> Mapping[str, str]:
    fields = {
        field.name.lower(): field.pseudonym_domain
        for field in table.fields
        if field.pseudonym_domain is not None
    }
    derived = {
        column.name.lower(): _OF_DERIVATION[column.derivation]
        for column in table.derived
        if column.derivation in _OF_DERIVATION
    }
    return fields | derived
