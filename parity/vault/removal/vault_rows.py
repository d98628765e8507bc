"""The vault without somebody: tokens, sealed identifiers, evidence, and the new file.

What belongs here: which rows of the vault go with the rows that left the landed store.
An identifier goes when its pseudonym left with them; what is known of those who are
kept out stays as evidence, sealed, because they must be recognised under a new linkage
key too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from parity.rewriting import Copy, Prepared, RewritingError, Stored, row_count
from parity.vault.evidence import EVIDENCE
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.people import PERSONS
from parity.vault.removal.gone import WANTED, Gone

_BATCH_ROWS = 500_000
_TOKENS = [name for name in EVIDENCE if name.endswith("token")]

_IDENTIFIERS = """
    select token, domain, provider, sealed, batch
    from former_vault.identifier as source
    where not exists (
        select 1 from gone_identifier as gone
        where gone.token = source.token and gone.domain = source.domain
    )
    union all
    select distinct on (token) token, 'evidence', '', sealed, batch
    from former_vault.identifier
    where domain = 'person'
    and token in (select token from gone_identifier where domain = 'person')
    and token in (select token from gone_known)
    and token not in (
        select token from former_vault.identifier where domain = 'evidence'
    )
"""

# Those who are erased go from these too; the others are asked about again.
_LISTS = ("main.to_ask", "main.asked", "main.permitted")


class WithoutThem(Copy):
    """The vault without people; see `parity.rewriting.Transform`.

    keys: the identifier keys in force, by which a token is known by its pseudonym.
    erased: whether nothing is to be asked about them again.
    """

    def __init__(self, gone: Gone, keys: IdentifierKeys, erased: bool) -> None:
        self._gone = gone
        self._keys = keys
        self._erased = erased

    def prepare(
        self,
        connection: duckdb.DuckDBPyConnection,
        keys: Mapping[str, Prepared],  # noqa: ARG002  the interface's
    ) -> None:
        """Find what goes. The landed store, where there is one, is written already."""
        _register(connection, "gone_theirs", self._gone.tokens)
        _register(connection, "gone_seen", self._gone.records)
        _register(connection, "gone_shared", self._gone.shared)
        _register(connection, "gone_refused", self._gone.kept_out.cast(WANTED))
        connection.execute(self._known())
        _mark_submissions(connection)
        _mark_pseudonyms(connection)
        _mark_identifiers(connection, self._keys)
        connection.execute(_evidence_gone())

    def query(self, table: Stored) -> str:
        """Every row but theirs."""
        rows = f"select {', '.join(table.columns)} from {table.former} as source"
        if table.label == "main.identifier":
            return _IDENTIFIERS
        if table.label == "main.observation":
            return f"{rows} anti join gone_seen as gone using (slot, row_number)"
        if table.label == "main.kept_out":
            refused = "union select token, because_of_token from gone_refused"
            return f"{rows} {self._still_opted_out()} {refused}"
        if table.label == "main.short_submission":
            return f"{rows} union select submission_id from gone_submission"
        if table.label == "main.ambiguous":
            return f"{rows} union select token from gone_shared"
        if table.label in _LISTS and self._erased:
            return f"{rows} where token not in (select token from gone_theirs)"
        return rows

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """Nothing of theirs names anybody any more, and all others are as they were."""
        theirs = "(select token from gone_theirs)"
        left = row_count(
            connection,
            f"vault.identifier where domain = 'person' and token in {theirs}",
        ) + row_count(connection, f"vault.observation where nhs_token in {theirs}")
        if left:
            raise RewritingError("people_left", "the vault still knows who must go")
        known = {table.label: table for table in tables}
        identifiers = known["main.identifier"]
        former, fresh = (
            row_count(connection, f"{relation} where domain != 'evidence'")
            for relation in (identifiers.former, identifiers.fresh)
        )
        gone = row_count(
            connection,
            "(select distinct token, domain from gone_identifier "
            "where domain != 'evidence')",
        )
        if fresh != former - gone:
            raise RewritingError("rows_differ", "other identifiers went")
        rows = sum(row_count(connection, table.fresh) for table in tables)
        return {"gone": gone, "rows": rows}

    def _still_opted_out(self) -> str:
        """Whoever is erased is kept out as such; that they had opted out goes too."""
        if not self._erased:
            return ""
        return (
            "where because_of_token is null "
            "or because_of_token not in (select token from gone_theirs)"
        )

    def _known(self) -> str:
        """Tokens that stay known although nobody of theirs has landed."""
        asked = " union select token from former_vault.to_ask"
        if self._erased:
            asked += " where token not in (select token from gone_theirs)"
        return (
            "create temp table gone_known as "
            "select token from gone_refused union select token from gone_shared "
            "union select token from former_vault.ambiguous "
            "union select token from former_vault.kept_out "
            "union select because_of_token from former_vault.kept_out "
            f"where because_of_token is not null{asked}"
        )


def _mark_submissions(connection: duckdb.DuckDBPyConnection) -> None:
    """gone_submission: those that rows of people have left; none without a store."""
    marked = f"gone_{PERSONS.lower()}"  # of parity.vault.removal.landed_rows
    there = connection.execute(
        "select count(*) from duckdb_tables() where table_name = $1", [marked]
    ).fetchone()
    query = (
        f"select distinct submission_id from {marked}"
        if there != (0,)
        else "select null::uuid as submission_id where false"
    )
    connection.execute(f"create temp table gone_submission as {query}")


def _mark_pseudonyms(connection: duckdb.DuckDBPyConnection) -> None:
    """gone_value: pseudonyms that the former landed store held and the new does not."""
    there = connection.execute(
        """
        select database_name, schema_name || '.' || table_name, column_name
        from duckdb_columns()
        where database_name in ('former_landed', 'landed')
        and data_type = 'UUID' and column_name != 'submission_id'
        """
    ).fetchall()
    parts = {
        database: " union ".join(
            f"select {column} as value from {database}.{table}"
            for of, table, column in there
            if of == database
        )
        or "select null::uuid as value where false"
        for database in ("former_landed", "landed")
    }
    connection.execute(
        f"create temp table gone_value as {parts['former_landed']} "
        f"except ({parts['landed']})"
    )


def _mark_identifiers(
    connection: duckdb.DuckDBPyConnection, keys: IdentifierKeys
) -> None:
    """gone_identifier: token and domain of what these pseudonyms were made of."""
    connection.execute("create temp table gone_identifier (token blob, domain varchar)")
    query = (
        "select token, domain, provider from former_vault.identifier "
        "where domain != 'evidence'"
    )
    # A cursor of its own: the connection stays free for writing meanwhile.
    for batch in connection.cursor().execute(query).to_arrow_reader(_BATCH_ROWS):
        for part in pl.DataFrame(pl.from_arrow(batch)).partition_by(
            "domain", "provider"
        ):
            domain, provider = part.item(0, "domain"), part.item(0, "provider")
            named = part.select(
                "token",
                "domain",
                value=keys.pseudonyms(pl.col("token"), domain, provider),
            )
            connection.register("incoming", named.to_arrow())
            connection.execute(
                """
                insert into gone_identifier
                select token, domain
                from incoming
                where value::uuid in (select value from gone_value)
                or (
                    domain = 'person'
                    and token in (select token from gone_theirs)
                )
                """
            )
            connection.unregister("incoming")


def _evidence_gone() -> str:
    """Evidence that no record shows any more and that nobody is known by."""
    left = " union ".join(
        f"select {name} as token from former_vault.observation "
        f"anti join gone_seen using (slot, row_number) where {name} is not null"
        for name in _TOKENS
    )
    return f"""
        insert into gone_identifier
        select token, domain
        from former_vault.identifier
        where domain = 'evidence'
        and token not in ({left})
        and token not in (select token from gone_known)
    """


def _register(
    connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame
) -> None:
    connection.register("incoming", rows.to_arrow())
    connection.execute(f"create temp table {name} as select * from incoming")
    connection.unregister("incoming")
