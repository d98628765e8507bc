"""All that is somebody's in the vault: the tokens they landed under, and the records.

What belongs here: following the crosswalk from the tokens of somebody who must go to
every record that it joins to them, those without a number and those whose number is not
believed too; and what they are recognised by when they come again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import polars as pl

from parity.vault.crosswalk import APART, LINKS

# token, and the number that is the reason (null: erased).
WANTED = pl.Schema({"token": pl.Binary, "because_of_token": pl.Binary})

# The pieces of evidence that somebody is recognised by without a number.
_KNOWN_BY = ("local_token", "demographic_token")

_STATEMENTS = (
    f"create temp table gone_link as {LINKS}",
    f"create temp table gone_apart as {APART}",
    """
    create temp table gone_person as
    select distinct
        coalesce(gone_link.person, wanted.token) as person,
        wanted.because_of_token
    from wanted
    left join gone_link on wanted.token = gone_link.known_as
    """,
    """
    create temp table gone_token as
    select gone_link.known_as as token, gone_person.because_of_token
    from gone_link
    inner join gone_person on gone_link.person = gone_person.person
    union
    select person, because_of_token from gone_person
    union
    select token, because_of_token from wanted
    """,
    """
    create temp table gone_record as
    select slot, row_number, because_of_token, false as is_apart
    from vault.observation
    inner join gone_token
        on coalesce(observation.nhs_token, observation.local_token) = gone_token.token
    union
    select gone_apart.slot, gone_apart.row_number, because_of_token, true
    from gone_apart
    inner join gone_person on gone_apart.person = gone_person.person
    """,
)


@dataclass(frozen=True)
class Gone:
    """What must go. Tokens are Binary.

    persons: how many people. tokens: `token`, everything they landed under. records:
    slot, row_number, is_apart: what the vault observed of them. kept_out: WANTED, by
    which they are known when they come again. shared: `token`, evidence of theirs that
    somebody else shows too.
    """

    persons: int
    tokens: pl.DataFrame = field(repr=False)
    records: pl.DataFrame = field(repr=False)
    kept_out: pl.DataFrame = field(repr=False)
    shared: pl.DataFrame = field(repr=False)


def find_gone(connection: duckdb.DuckDBPyConnection, wanted: pl.DataFrame) -> Gone:
    """Follow WANTED through the vault that is attached; once on a connection."""
    connection.register("wanted", wanted.select(*WANTED).cast(WANTED).to_arrow())
    for statement in _STATEMENTS:
        connection.execute(statement)
    parts = ["select token, because_of_token from gone_token"]
    parts += [_evidence(name, shared=False) for name in _KNOWN_BY]
    shared = " union ".join(_evidence(name, shared=True) for name in _KNOWN_BY)
    persons = _frame(connection, "select distinct person from gone_person").height
    connection.unregister("wanted")
    return Gone(
        persons=persons,
        tokens=_frame(connection, "select distinct token from gone_token"),
        records=_frame(
            connection,
            "select slot, row_number, bool_or(is_apart) as is_apart "
            "from gone_record group by slot, row_number",
        ),
        kept_out=_frame(connection, " union ".join(parts)),
        shared=_frame(connection, f"select distinct token from ({shared})"),
    )


def _evidence(name: str, shared: bool) -> str:
    """Evidence of theirs that records of others show too, or that none does."""
    return f"""
        select {name} as token, gone_record.because_of_token
        from vault.observation
        inner join gone_record using (slot, row_number)
        where {name} is not null
        and {name} {"" if shared else "not"} in (
            select others.{name}
            from vault.observation as others
            anti join gone_record using (slot, row_number)
            where others.{name} is not null
        )
    """


def _frame(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    found = connection.execute(query).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found))
