"""An answer of the national check, taken in or refused whole.

What belongs here: comparing an answer with the request that is out. What is kept is an
allow-list of tokens and the dates of the check, in place of the former list, in a vault
file written anew: an earlier answer cannot be read out of it. Whom the answer does not
name is kept out from now on, until an answer names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from parity.home import Home
from parity.home.errors import OptOutError
from parity.home.keyring import Keyring
from parity.home.settings import OptOut, read_settings
from parity.home.standing import LOADED, check_fresh
from parity.rewriting import (
    Copy,
    Prepared,
    RewritingError,
    Stored,
    resume_rewriting,
    rewrite,
    row_count,
)
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.opt_out.bounds import Change, change_of, check_bounds
from parity.vault.opt_out.exchange import (
    Control,
    check_data_file,
    read_answer,
    read_control,
)
from parity.vault.opt_out.leaving import leaving
from parity.vault.opt_out.numbers import with_tokens
from parity.vault.store import Vault


@dataclass(frozen=True)
class Answer:
    """An answer that was taken in; every number is of people.

    asked, permitted: by this answer. leaving: who will be removed by the next build,
    people without a number too where the home removes them. returning: permitted now,
    and removed because of an answer before; parity.intake.returning brings them back.
    """

    request: str
    asked_at: datetime
    asked: int
    permitted: int
    leaving: int
    returning: int


@dataclass(frozen=True)
class _Read:
    """An answer as it was read, beside what the vault holds. Frames: `token`."""

    control: Control
    asked_at: datetime
    asked: pl.DataFrame = field(repr=False)
    permitted: pl.DataFrame = field(repr=False)

    @property
    def missing(self) -> pl.DataFrame:
        """Whom the answer does not return."""
        return self.asked.join(self.permitted, on="token", how="anti")


def load_answer(
    home: Home, keyring: Keyring, data: Path, accept_share: bool = False
) -> Answer:
    """Take an answer in. data: its data file, the control file beside it.

    accept_share: believe it past the bounds of parity.vault.opt_out.bounds too; the
    ledger says so. Raises HomeError opt_out_file; OptOutError: opt_out_control,
    opt_out_foreign, opt_out_loaded, opt_out_expired, opt_out_never_asked,
    opt_out_share, opt_out_change and what exchange.read_answer raises. Then nothing
    changed.
    """
    return _load_answer(home, keyring, data, datetime.now(UTC), accept_share)


def _load_answer(
    home: Home,
    keyring: Keyring,
    data: Path,
    now: datetime,
    accept_share: bool = False,
) -> Answer:
    check_data_file(data)
    opt_out = read_settings(home).opt_out
    with home.lock("opt-out load"):
        resume_rewriting(home, keyring)
        with Vault.open(home, keyring.key("vault")) as vault:
            read = _read(vault.connection, keyring, data, opt_out, now)
            change = change_of(vault.connection, read.asked, read.permitted)
            bounds = _bounds(change, opt_out, accept_share)
            gone = leaving(vault.connection, opt_out, read.missing)
            # A build of a home that is exempt removes nobody.
            persons = gone.persons if opt_out.gate == "required" else 0
            returning = _returning(vault.connection, read.permitted)
        keyring.ledger().append(
            LOADED,
            request=read.control.request,
            asked_at=read.asked_at.isoformat(),
            asked=read.asked.height,
            permitted=read.permitted.height,
            leaving=persons,
            bounds=bounds,
        )
        check = (read.control.request, read.asked_at, now)
        transform = NewList(check, read.permitted, read.missing, gone.kept_out)
        rewrite(home, keyring, {"vault": transform}, "opt_out", derived_goes=False)
    return Answer(
        request=read.control.request,
        asked_at=read.asked_at,
        asked=read.asked.height,
        permitted=read.permitted.height,
        leaving=persons,
        returning=returning,
    )


def _read(
    connection: duckdb.DuckDBPyConnection,
    keyring: Keyring,
    data: Path,
    opt_out: OptOut,
    now: datetime,
) -> _Read:
    """The answer, whole and to the request that is out. Raises OptOutError."""
    control = read_control(data)
    asked_at, asked = _asked(connection, control)
    check_fresh(asked_at, opt_out, now, "opt_out_expired")
    numbers = read_answer(data, control).to_frame()
    tokens = with_tokens(numbers, IdentifierKeys.of(keyring)).select("token")
    strange = tokens.join(asked, on="token", how="anti").height
    if strange:
        raise OptOutError(
            "opt_out_never_asked", f"{strange} of the answer were never asked about"
        )
    return _Read(control, asked_at, asked, tokens)


def _bounds(change: Change, opt_out: OptOut, accept_share: bool) -> str:
    """A word for the ledger: how the answer stands to the bounds. Raises OptOutError.

    An operator's word counts only where it is needed, so that it tells something.
    """
    try:
        check_bounds(change, opt_out)
    except OptOutError:
        if not accept_share:
            raise
        return "passed_by_operator"
    return "held"


def _returning(connection: duckdb.DuckDBPyConnection, permitted: pl.DataFrame) -> int:
    """How many are permitted who were kept out and are not here."""
    connection.register("incoming", permitted.to_arrow())
    row = connection.execute(
        """
        select count(distinct token)
        from vault.kept_out
        where token = because_of_token
        and token in (select token from incoming)
        and token not in (select token from vault.identifier where domain = 'person')
        """
    ).fetchone()
    connection.unregister("incoming")
    return int(row[0]) if row else 0


def _asked(
    connection: duckdb.DuckDBPyConnection, control: Control
) -> tuple[datetime, pl.DataFrame]:
    """When the request was made, and the tokens it asks about. Raises OptOutError."""
    row = connection.execute("select any_value(request) from vault.opt_out_check")
    if row.fetchone() == (control.request,):
        raise OptOutError("opt_out_loaded", "this answer was loaded before")
    found = connection.execute(
        "select asked_at, token from vault.asked where request = ?", [control.request]
    ).to_arrow_table()
    asked = pl.DataFrame(pl.from_arrow(found))
    if asked.is_empty():
        raise OptOutError(
            "opt_out_foreign", "the answer is to no request that is out from this home"
        )
    return asked.item(0, "asked_at").replace(tzinfo=UTC), asked.select("token")


class NewList(Copy):
    """The vault with another answer; see `parity.rewriting.Transform`.

    permitted, missing: `token`. known: WANTED, by which those who are missing are known
    besides: until a build removes them a submission may come, and must not bring them.
    """

    def __init__(
        self,
        check: tuple[str, datetime, datetime],
        permitted: pl.DataFrame,
        missing: pl.DataFrame,
        known: pl.DataFrame,
    ) -> None:
        self._check = check
        self._permitted = permitted
        self._missing = missing
        self._known = known

    def prepare(
        self,
        connection: duckdb.DuckDBPyConnection,
        keys: Mapping[str, Prepared],  # noqa: ARG002  the interface's
    ) -> None:
        """Have the lists at hand."""
        request, *instants = self._check
        utc = [each.astimezone(UTC).replace(tzinfo=None) for each in instants]
        connection.execute(
            "create temp table new_check as "
            "select $1::varchar as request, $2::timestamp as asked_at, "
            "$3::timestamp as loaded_at",
            [request, *utc],
        )
        for name, rows in (
            ("new_permitted", self._permitted),
            ("new_missing", self._missing),
            ("new_known", self._known),
        ):
            connection.register("incoming", rows.to_arrow())
            connection.execute(f"create temp table {name} as select * from incoming")
            connection.unregister("incoming")

    def query(self, table: Stored) -> str:
        """The lists replaced, everything else as it is.

        What somebody is known by stays for as long as their number is not returned.
        """
        replaced = {
            "main.asked": f"select * from {table.former} where false",
            "main.opt_out_check": "select * from new_check",
            "main.permitted": "select token from new_permitted",
            "main.kept_out": f"""
                select token, because_of_token from {table.former}
                where because_of_token is null
                or because_of_token in (select token from new_missing)
                union
                select token, token from new_missing
                union
                select token, because_of_token from new_known
            """,
        }
        return replaced.get(table.label) or super().query(table)

    def verify(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored]
    ) -> Mapping[str, int]:
        """The list as it was read, and every other table with its rows."""
        lists = {"main.asked", "main.opt_out_check", "main.permitted", "main.kept_out"}
        rest = [table for table in tables if table.label not in lists]
        counts = super().verify(connection, rest)
        permitted = row_count(connection, "vault.permitted")
        if permitted != self._permitted.height:
            raise RewritingError("rows_differ", "the list is not the one that was read")
        return {**counts, "permitted": permitted}
