"""The vault under a new linkage key: every message opened, hashed and sealed anew.

What belongs here: the one place where the messages of all identifiers are in clear
again, a batch at a time, in the memory of a process that two custodians started. They
are written nowhere: a message goes into a hash and into a new seal, and is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    from former_vault.identifier
    left join former_vault.batch using (batch)
"""
_IDENTIFIERS, _BATCHES = "main.identifier", "main.batch"


@dataclass(frozen=True)
class OpeningKey:
    """The opening key, whole: its private half, and the public one that seals."""

    private: bytes = field(repr=False)
    public: bytes


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
        for rows in batches(connection, _SEALED):
            self._renew(connection, rows, linkage)
        # A token that is evidence and a person has two identifiers and one successor.
        connection.execute(
            f"create or replace table {TOKEN_MAP} as select distinct * from {TOKEN_MAP}"
        )

    def query(self, table: Stored) -> str:
        """Every other table with its tokens exchanged.

        A token is what stands in a column that is called `token` or so at its end.
        """
        if table.label in (_IDENTIFIERS, _BATCHES):
            return f"select {', '.join(table.columns)} from {table.former} where false"
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

    def _renew(
        self, connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame, linkage: bytes
    ) -> None:
        if rows.get_column("public").null_count():
            raise RewritingError("batch_missing", "sealed identifiers have no batch")
        opened = pl.concat(
            [self._opened(part) for part in rows.partition_by("public")]
        ).with_columns(
            check=hash_column(self._former_linkage, pl.col("message")),
            fresh=hash_column(linkage, pl.col("message")),
        )
        if opened.filter(pl.col("check") != pl.col("token")).height:
            raise RewritingError(
                "other_message", "a sealed message is not that of its token"
            )
        public, key = new_batch_key(self._opening.public)
        sealed = seal_identifiers(key, opened["message"], opened["fresh"])
        batch = uuid4()
        connection.execute("insert into vault.batch values (?, ?)", [batch, public])
        kept = opened.select("fresh", "domain", "provider", sealed=sealed)
        connection.register("incoming", kept.to_arrow())
        connection.execute(
            "insert into vault.identifier select *, ? from incoming", [batch]
        )
        connection.register(
            "incoming", opened.select("token", "fresh").unique().to_arrow()
        )
        connection.execute(f"insert into {TOKEN_MAP} select * from incoming")
        connection.unregister("incoming")

    def _opened(self, rows: pl.DataFrame) -> pl.DataFrame:
        key = batch_key(self._opening.private, rows.item(0, "public"))
        messages = unseal_identifiers(key, rows["sealed"], rows["token"])
        return rows.with_columns(message=messages)


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
