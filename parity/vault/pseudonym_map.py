"""From the pseudonyms of one set of keys to those of another, by way of the tokens.

What belongs here: temporary tables `renamed_<domain>` (former uuid, fresh uuid), one
row for each identifier that the vault knows. They live in memory and encrypted spill
and end with the connection. No raw identifier takes part: a token is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb
import polars as pl

from parity.vault.errors import VaultError
from parity.vault.identifier_keys import IdentifierKeys

BATCH_ROWS = 200_000

# Every token that can stand in the landed store as a pseudonym; what names a person has
# landed as one, so evidence does not.
LANDED_TOKENS = """
    select domain, provider, token as former, token as fresh
    from vault.identifier
    where domain != 'evidence'
"""


def map_table(domain: str) -> str:
    """Name of the temporary table of a domain. Raises VaultError for no such name."""
    if not domain.isidentifier():
        raise VaultError("unknown_domain", "a domain's name is a word")
    return f"renamed_{domain}"


def make_map(
    connection: duckdb.DuckDBPyConnection,
    tokens: str,
    domains: Iterable[str],
    former: IdentifierKeys,
    fresh: IdentifierKeys,
) -> int:
    """Make the table of each domain; how many pseudonyms they map in all.

    tokens: a query for domain, provider, former and fresh (both blob), run where it
    sees the vault. Raises VaultError: unknown_domain, or not_one_to_one when two
    pseudonyms would become one or one two.
    """
    names = set(domains)
    for domain in names:
        name = map_table(domain)
        connection.execute(f"create temp table {name} (former uuid, fresh uuid)")
    mapped = 0
    for batch in batches(connection, tokens):
        for part in batch.partition_by("domain", "provider"):
            domain, provider = part.item(0, "domain"), part.item(0, "provider")
            if domain not in names:
                raise VaultError("unknown_domain", "the vault knows another domain")
            renamed = part.select(
                former=former.pseudonyms(pl.col("former"), domain, provider),
                fresh=fresh.pseudonyms(pl.col("fresh"), domain, provider),
            )
            _insert(connection, map_table(domain), renamed)
            mapped += renamed.height
    for domain in names:
        _check_one_to_one(connection, map_table(domain))
    return mapped


def batches(
    connection: duckdb.DuckDBPyConnection, query: str
) -> Iterator[pl.DataFrame]:
    """The rows of a query, so many at a time; the connection stays free for writing.

    The query must name no temporary table: they are the connection's alone.
    """
    reader = connection.cursor().execute(query).to_arrow_reader(BATCH_ROWS)
    for batch in reader:
        yield pl.DataFrame(pl.from_arrow(batch))


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame
) -> None:
    connection.register("incoming", rows.to_arrow())
    connection.execute(
        f"insert into {table} select former::uuid, fresh::uuid from incoming"
    )
    connection.unregister("incoming")


def _check_one_to_one(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """As many rows as former and as fresh ones, and none that is both."""
    found = connection.execute(
        f"""
        select
            count(*) - count(distinct former),
            count(*) - count(distinct fresh),
            (
                select count(*) from {table}
                where fresh in (select former from {table})
            )
        from {table}
        """
    ).fetchone()
    if found != (0, 0, 0):
        raise VaultError(
            "not_one_to_one", "former and new pseudonyms do not match one to one"
        )
