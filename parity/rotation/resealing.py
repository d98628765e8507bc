"""The vault under a new linkage key, or a new opening key: every message sealed anew.

What belongs here: the one place where the messages of all identifiers are in clear
again, a batch at a time, in the memory of a process that two custodians started. They
are written nowhere: a message goes into a hash and into a new seal, and is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import duckdb
import polars as pl

from parity.rewriting import Copy, Prepared, RewritingError, Stored, row_count
from parity.vault.pseudonym_map import batches
from pseudonymisation.keyed_hash import hash_column
from pseudonymisation.sealed_box import batch_key, new_batch_key
from pseudonymisation.sealed_identifier import seal_identifiers, unseal_identifiers

# Not a temporary table: a second cursor must see it. It lives in memory and encrypted
# spill all the same.
TOKEN_MAP = "memory.main.renewed_token"  # noqa: S105  a table's name

_SEALED = """
    select identifier.domain, identifier.provider, identifier.token, identifier.sealed,
        batch.public
    from {vault}.identifier
    left join {vault}.batch using (batch)
"""
_FORMER, _FRESH = _SEALED.format(vault="former_vault"), _SEALED.format(vault="vault")
_IDENTIFIERS, _BATCHES = "main.identifier", "main.batch"


@dataclass(frozen=True)
class OpeningKey:
    """The opening key, whole: its private half, and the public one that seals."""

    private: bytes = field(repr=False)
    public: bytes


class OtherOpeningKey(Copy):
    """The vault sealed to another opening key; its tokens stay.

    former, fresh: both whole. linkage: the key of the tokens.
    """

    def __init__(self, former: OpeningKey, fresh: OpeningKey, linkage: bytes) -> None:
        self._former = former
        self._fresh = fresh
        self._linkage = linkage

    def prepare(
        self, connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Prepared]
    ) -> None:
        """Fill the new file's identifiers."""
        del keys
        for rows in opened_batches(connection, _FORMER, self._former, self._linkage):
            keep_sealed(connection, rows, self._fresh)

    def query(self, table: Stored) -> str:
        """Every other table as it is."""
        if table.label in (_IDENTIFIERS, _BATCHES):
            return _nothing_of(table)
        return super().query(table)

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """As many rows as before, the same tokens, and each opens with the new key."""
        counts = super().verify(
            connection, [table for table in tables if table.label != _BATCHES]
        )
        [identifiers] = [table for table in tables if table.label == _IDENTIFIERS]
        former, fresh = (
            connection.execute(
                f"select sum(hash(token, domain, provider)::hugeint) from {relation}"
            ).fetchone()
            for relation in (identifiers.former, identifiers.fresh)
        )
        opened = sum(
            rows.height
            for rows in opened_batches(connection, _FRESH, self._fresh, self._linkage)
        )
        if former != fresh or opened != row_count(connection, identifiers.former):
            raise RewritingError(
                "tokens_differ", "an identifier is missing, or does not open"
            )
        return {**counts, "tokens": opened}


class Resealing(Copy):
    """New tokens throughout the vault; see `parity.rewriting.Transform`."""

    def __init__(self, opening: OpeningKey, former_linkage: bytes) -> None:
        self._opening = opening
        self._former_linkage = former_linkage

    def prepare(
        self, connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Prepared]
    ) -> None:
        """Fill the new file's identifiers, and the map from token to token."""
        connection.execute(f"create table {TOKEN_MAP} (former blob, fresh blob)")
        linkage = keys["linkage"].key.reveal()
        former = self._opening, self._former_linkage
        for rows in opened_batches(connection, _FORMER, *former):
            renewed = rows.with_columns(
                former="token", token=hash_column(linkage, pl.col("message"))
            )
            keep_sealed(connection, renewed, self._opening)
            pairs = renewed.select("former", fresh="token").unique()
            connection.register("incoming", pairs.to_arrow())
            connection.execute(f"insert into {TOKEN_MAP} select * from incoming")
            connection.unregister("incoming")
        # A token that is evidence and a person has two identifiers and one successor.
        connection.execute(
            f"create or replace table {TOKEN_MAP} as select distinct * from {TOKEN_MAP}"
        )

    def query(self, table: Stored) -> str:
        """Every other table with its tokens exchanged.

        A token is what stands in a column that is called `token` or so at its end.
        """
        if table.label in (_IDENTIFIERS, _BATCHES):
            return _nothing_of(table)
        tokens = _token_columns(table)
        selected = ", ".join(
            f"{name}_map.fresh" if name in tokens else f"source.{name}"
            for name in _names(table)
        )
        joins = " ".join(
            f"left join {TOKEN_MAP} as {name}_map on source.{name} = {name}_map.former"
            for name in tokens
        )
        return f"select {selected} from {table.former} as source {joins}"

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """As many rows, tokens and different tokens as before, and none of the former.

        Each new message was sealed to the same public key; that is all that can be seen
        without opening them once more.
        """
        for table in tables:
            if table.label != _BATCHES:
                check_tokens(connection, table)
        rows = sum(row_count(connection, table.fresh) for table in tables)
        tokens = row_count(connection, TOKEN_MAP)
        return {"tables": len(tables), "rows": rows, "tokens": tokens}


def opened_batches(
    connection: duckdb.DuckDBPyConnection,
    sealed: str,
    opening: OpeningKey,
    linkage: bytes,
) -> Iterator[pl.DataFrame]:
    """Identifiers of a query with their messages in clear, so many at a time.

    Columns domain, provider, token, message. Raises RewritingError for one without its
    batch, and for one that is not what its token was made of.
    """
    for rows in batches(connection, sealed):
        if rows.get_column("public").null_count():
            raise RewritingError("batch_missing", "sealed identifiers have no batch")
        opened = pl.concat(
            [_opened(part, opening.private) for part in rows.partition_by("public")]
        )
        check = hash_column(linkage, pl.col("message"))
        if opened.filter(check != pl.col("token")).height:
            raise RewritingError(
                "other_message", "a sealed message is not that of its token"
            )
        yield opened.select("domain", "provider", "token", "message")


def keep_sealed(
    connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame, opening: OpeningKey
) -> None:
    """Seal rows of `opened_batches` into the new vault, as a batch of their own."""
    public, key = new_batch_key(opening.public)
    sealed = seal_identifiers(key, rows["message"], rows["token"])
    batch = uuid4()
    connection.execute("insert into vault.batch values (?, ?)", [batch, public])
    kept = rows.select("token", "domain", "provider", sealed=sealed)
    connection.register("incoming", kept.to_arrow())
    connection.execute(
        "insert into vault.identifier select *, ? from incoming", [batch]
    )
    connection.unregister("incoming")


def _opened(rows: pl.DataFrame, private: bytes) -> pl.DataFrame:
    key = batch_key(private, rows.item(0, "public"))
    messages = unseal_identifiers(key, rows["sealed"], rows["token"])
    return rows.with_columns(message=messages)


def _nothing_of(table: Stored) -> str:
    """`prepare` has filled it."""
    return f"select {', '.join(table.columns)} from {table.former} where false"


def check_tokens(connection: duckdb.DuckDBPyConnection, table: Stored) -> None:
    """Raise RewritingError unless a table's tokens were all exchanged."""
    tokens = _token_columns(table)
    measures = ["count(*)", *(f"count({n}), count(distinct {n})" for n in tokens)]
    found, wanted = (
        connection.execute(f"select {', '.join(measures)} from {relation}").fetchone()
        for relation in (table.fresh, table.former)
    )
    kept = sum(
        row_count(
            connection,
            f"{table.fresh} as fresh semi join {TOKEN_MAP} as known "
            f"on fresh.{name} = known.former",
        )
        for name in tokens
    )
    if found != wanted or kept:
        raise RewritingError(
            "tokens_differ", f"{table.label}: tokens without a sealed message"
        )


def _names(table: Stored) -> list[str]:
    return [name.strip('"') for name in table.columns]


def _token_columns(table: Stored) -> list[str]:
    return [name for name in _names(table) if name.split("_")[-1] == "token"]
