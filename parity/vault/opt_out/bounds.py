"""How much of an answer is believed: a wrong one would take people's rows for good.

What belongs here: the comparison of an answer with what can be true of a service's
people. A file may be short and its control file agree with it, when both were made of
the same wrong extract; nothing in it tells. What tells is the number of people: few of
a hundred opt out, and from one answer to the next hardly any change their mind.

The bounds are a home's settings; whoever has asked the sender may go past them once,
and the ledger says so. Messages hold counts of people and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import polars as pl

from parity.home.errors import OptOutError
from parity.home.settings import OptOut

_WAY = (
    "ask the sender whether the answer is whole; where it is, load it with "
    "--accept-share"
)

# Of whom the answer before said something: permitted, or not.
_BEFORE = """
    select token, true as was_permitted from vault.permitted
    union all
    select token, false from vault.kept_out where token = because_of_token
"""


@dataclass(frozen=True)
class Change:
    """How an answer differs from what was asked and from the answer before, in people.

    withheld: of those asked, not returned. asked_before: of those asked, the ones whom
    the answer before was about too. newly_withheld, newly_permitted: of these.
    """

    asked: int
    withheld: int
    asked_before: int
    newly_withheld: int
    newly_permitted: int


def change_of(
    connection: duckdb.DuckDBPyConnection, asked: pl.DataFrame, permitted: pl.DataFrame
) -> Change:
    """Compare an answer with the vault that is attached. Both frames: `token`."""
    found = connection.execute(_BEFORE).to_arrow_table()
    before = pl.DataFrame(pl.from_arrow(found)).join(asked, on="token", how="semi")
    was = before.filter("was_permitted").select("token")
    was_not = before.filter(~pl.col("was_permitted")).select("token")
    return Change(
        asked=asked.height,
        withheld=asked.join(permitted, on="token", how="anti").height,
        asked_before=before.height,
        newly_withheld=was.join(permitted, on="token", how="anti").height,
        newly_permitted=was_not.join(permitted, on="token", how="semi").height,
    )


def check_bounds(change: Change, opt_out: OptOut) -> None:
    """Raise OptOutError for what is not believed: opt_out_share, opt_out_change."""
    most = _most(change.asked, opt_out.withheld_percent, opt_out)
    if change.withheld > most:
        raise OptOutError(
            "opt_out_share",
            f"the answer withholds {change.withheld:,} of {change.asked:,} people, and "
            f"at most {most:,} are believed: {_WAY}",
        )
    most = _most(change.asked_before, opt_out.changed_percent, opt_out)
    if change.newly_withheld + change.newly_permitted > most:
        raise OptOutError(
            "opt_out_change",
            f"of {change.asked_before:,} people asked about before, the answer newly "
            f"withholds {change.newly_withheld:,} and newly permits "
            f"{change.newly_permitted:,}, and at most {most:,} changes are believed: "
            f"{_WAY}",
        )


def _most(people: int, percent: int, opt_out: OptOut) -> int:
    """Of so many people; never fewer than are always believed."""
    return max(people * percent // 100, opt_out.always_believed)
