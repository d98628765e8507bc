"""Who leaves because of an answer: at the next build, and how many, said before it.

What belongs here: from whom an answer does not name to everybody who is still here and
must go. The load of an answer counts them, and the gate before a build removes them:
both ask here, so that they speak of the same people.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb
import polars as pl

from parity.home.settings import OptOut
from parity.vault.crosswalk import LINKS
from parity.vault.removal.gone import WANTED, Gone, find_gone

# Everybody known by number; those before there was a list of numbers to ask about too.
NUMBERED = """
    select token from vault.to_ask
    union
    select nhs_token from vault.observation where nhs_token is not null
"""

_OF_OPT_OUTS = """
    select token, because_of_token
    from vault.kept_out
    where because_of_token is not null
"""

# Kept out and still here: under their number, or under a local identity of theirs that
# stands alone. One that has become somebody else's by now is left to that person.
_NOT_PERMITTED = f"""
    with links as ({LINKS})
    select token, because_of_token
    from withheld
    where (
        token = because_of_token
        and (
            token in (select person from links)
            or token in (
                select nhs_token from vault.observation where nhs_token is not null
            )
        )
    )
    or (
        token != because_of_token
        and token in (select known_as from links where person = known_as)
    )
"""

_WITHOUT_NUMBER = f"""
    with links as ({LINKS})
    select distinct person as token, null::blob as because_of_token
    from links
    where person not in ({NUMBERED})
"""


def leaving(
    connection: duckdb.DuckDBPyConnection,
    opt_out: OptOut,
    missing: pl.DataFrame | None = None,
) -> Gone:
    """Who must go; once on a connection.

    missing: `token` of those whom a new answer does not return; None: the answer that
    holds. Those without a number are not recognised when they come again.
    """
    kept_out = _rows(connection, _OF_OPT_OUTS)
    connection.register("withheld", _withheld(kept_out, missing).to_arrow())
    wanted = [_rows(connection, _NOT_PERMITTED)]
    connection.unregister("withheld")
    if opt_out.without_number == "remove":
        wanted.append(_rows(connection, _WITHOUT_NUMBER))
    gone = find_gone(connection, pl.concat(wanted).unique())
    return replace(gone, kept_out=gone.kept_out.drop_nulls("because_of_token"))


def _withheld(kept_out: pl.DataFrame, missing: pl.DataFrame | None) -> pl.DataFrame:
    """WANTED of an answer: its numbers, and what their people were known by before."""
    if missing is None:
        return kept_out
    known = kept_out.join(
        missing, left_on="because_of_token", right_on="token", how="semi"
    )
    numbers = missing.select(pl.col("token"), because_of_token=pl.col("token"))
    return pl.concat([known, numbers]).unique()


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    found = connection.execute(query).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found)).select(*WANTED).cast(WANTED)
