"""The landed store with every pseudonym exchanged for another, and the proof of it.

What belongs here: the queries that write it and those that verify it, on the tables
`renamed_<domain>` (parity.vault.pseudonym_map), whatever made them. The proof does not
lean on how it was written: the new file, read back and renamed backwards, must give the
former rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import duckdb

from parity.rewriting import Copy, Prepared, RewritingError, Stored, row_count
from parity.rotation.pseudonym_columns import (
    Columns,
    check_known,
    domains_of,
    landed_label,
    pseudonym_columns,
)
from parity.specification import Specification
from parity.vault.pseudonym_map import map_table

_EPOCH_TABLE = "receipts.parity_meta"

# Makes the tables renamed_<domain> for these domains; how many pseudonyms they map.
MakeMap = Callable[
    [duckdb.DuckDBPyConnection, Mapping[str, Prepared], Sequence[str]], int
]


class Renaming(Copy):
    """Every pseudonym of the landed store renamed; see `parity.rewriting.Transform`.

    former_epoch: the epoch that the store must be of.
    """

    def __init__(
        self, specification: Specification, former_epoch: int, make_map: MakeMap
    ) -> None:
        self._specification = specification
        self._former_epoch = former_epoch
        self._make_map = make_map
        self._columns: Columns = pseudonym_columns(specification)
        self._epoch = 0
        self._mapped = 0

    def prepare(
        self, connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Prepared]
    ) -> None:
        """Make the map, and stop before anything is written when it has a hole."""
        check_known(connection, "former_landed", self._columns)
        check_epoch(connection, self._former_epoch)
        self._epoch = keys["epoch"].version
        domains = sorted(domains_of(self._columns))
        self._mapped = self._make_map(connection, keys, domains)
        check_all_known(connection, self._columns)

    def query(self, table: Stored) -> str:
        """The rows with their new pseudonyms; the number of the epoch where it stands.

        A pseudonym without a successor would become null; `prepare` has refused it.
        """
        if table.label == _EPOCH_TABLE:
            return f"select {int(self._epoch)}::integer from {table.former}"
        return renamed(
            table, table.former, self.pseudonyms_of(table), "former", "fresh"
        )

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """Counts, distinct counts, joins; no former pseudonym; the way back."""
        counts = super().verify(connection, tables)
        for table in tables:
            if table.label != _EPOCH_TABLE:
                self.check_table(connection, table)
        check_joins(connection, self._specification)
        return {**counts, "pseudonyms": self._mapped}

    def check_table(self, connection: duckdb.DuckDBPyConnection, table: Stored) -> None:
        """Compare one table of the new file with the former."""
        check_columns(connection, table, self.pseudonyms_of(table))
        check_way_back(connection, table, self.pseudonyms_of(table))

    def pseudonyms_of(self, table: Stored) -> Mapping[str, str]:
        """The domain of each column of the table that holds pseudonyms."""
        return self._columns.get(table.label, {})


def renamed(
    table: Stored, relation: str, columns: Mapping[str, str], known: str, wanted: str
) -> str:
    """A relation's rows with each pseudonym exchanged: known and wanted are the columns
    `former` and `fresh` of the maps, or the other way round.
    """
    names = [name.strip('"') for name in table.columns]
    selected = ", ".join(
        f"{name}_map.{wanted} as {name}" if name in columns else f"source.{written}"
        for name, written in zip(names, table.columns, strict=True)
    )
    joins = " ".join(
        f"left join {map_table(columns[name])} as {name}_map "
        f"on source.{name} = {name}_map.{known}"
        for name in names
        if name in columns
    )
    return f"select {selected} from {relation} as source {joins}"


def check_epoch(connection: duckdb.DuckDBPyConnection, epoch: int) -> None:
    """Raise RewritingError when the landed store is of another epoch than its key."""
    found = connection.execute(
        "select pseudonym_epoch from former_landed.receipts.parity_meta"
    ).fetchall()
    if any(each != (epoch,) for each in found):
        raise RewritingError(
            "another_epoch", "the landed store is of another epoch than the key"
        )


def check_all_known(connection: duckdb.DuckDBPyConnection, columns: Columns) -> None:
    """Raise RewritingError when pseudonyms have landed that no token stands for."""
    unknown = 0
    for domain in sorted(set(domains_of(columns))):
        landed = " union ".join(
            f"select {name} as landed from former_landed.{label}"
            for label, known in columns.items()
            for name, of in known.items()
            if of == domain
        )
        unknown += row_count(
            connection,
            f"({landed}) anti join {map_table(domain)} on landed = former "
            "where landed is not null",
        )
    if unknown:
        raise RewritingError(
            "pseudonyms_unknown",
            f"{unknown} pseudonyms have no token in the vault; nothing was changed",
        )


def check_columns(
    connection: duckdb.DuckDBPyConnection, table: Stored, columns: Mapping[str, str]
) -> None:
    """As many values and as many different ones in each column; none of the former."""
    check_none_former(connection, table, columns)
    measures = ", ".join(f"count({n}), count(distinct {n})" for n in columns)
    if not measures:
        return
    found, wanted = (
        connection.execute(f"select {measures} from {relation}").fetchone()
        for relation in (table.fresh, table.former)
    )
    if found != wanted:
        raise RewritingError(
            "pseudonyms_differ", f"{table.label}: other pseudonyms than before"
        )


def check_none_former(
    connection: duckdb.DuckDBPyConnection, table: Stored, columns: Mapping[str, str]
) -> None:
    """Raise RewritingError for a pseudonym of the former ones in the new file."""
    for name, domain in columns.items():
        former = f"{name} in (select former from {map_table(domain)})"
        if row_count(connection, f"{table.fresh} where {former}"):
            raise RewritingError(
                "pseudonyms_kept", f"{table.label}: a former pseudonym is still there"
            )


def check_way_back(
    connection: duckdb.DuckDBPyConnection, table: Stored, columns: Mapping[str, str]
) -> None:
    """The new rows, renamed backwards, are the former ones, each as often.

    They are compared by a sum over DuckDB's hash of every row, in fixed memory; the
    hashes stay in the process.
    """
    back = renamed(table, table.fresh, columns, "fresh", "former")
    names = ", ".join(table.columns)
    found, wanted = (
        connection.execute(
            f"select count(*), sum(hash({names})::hugeint) from ({rows})"
        ).fetchone()
        for rows in (back, f"select * from {table.former}")
    )
    if found != wanted:
        raise RewritingError(
            "way_back", f"{table.label}: the new rows do not lead back to the former"
        )


def check_joins(
    connection: duckdb.DuckDBPyConnection, specification: Specification
) -> None:
    """Every table joins its parent table in as many rows as before."""
    for table in specification.tables.values():
        if not table.parent_table:
            continue
        child = landed_label(specification, table)
        parent = landed_label(specification, specification.tables[table.parent_table])
        found, wanted = (
            row_count(
                connection,
                f"{database}.{child} inner join {database}.{parent} "
                f"using (submission_id, {table.parent_key.lower()})",
            )
            for database in ("landed", "former_landed")
        )
        if found != wanted:
            raise RewritingError("joins_differ", f"{child}: its rows join otherwise")
