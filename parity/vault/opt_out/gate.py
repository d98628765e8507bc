"""The gate before a build: nobody goes on whom the national check did not return.

What belongs here: the decision, and the removal of those who may not be used. A build
stops when there is no fresh check, or when somebody has landed whom it was not asked
about. With a fresh check, people who are not permitted leave the landed store and the
vault for good, and with them the warehouse and the packages; then the build goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from parity.home import Home
from parity.home.errors import OptOutError
from parity.home.keyring import Keyring
from parity.home.settings import Gate, OptOut, read_settings
from parity.home.standing import HOW_TO, check_fresh
from parity.rewriting import resume_rewriting
from parity.vault.opt_out.leaving import NUMBERED, leaving
from parity.vault.removal.remove import remove
from parity.vault.store import Vault

_NOT_ASKED = f"""
    select count(*)
    from ({NUMBERED})
    where token not in (select token from vault.permitted)
    and token not in (select token from vault.kept_out)
"""


@dataclass(frozen=True)
class Passed:
    """How a build passed the gate.

    asked_at: when the check it leans on was asked, None where nobody is asked. gone:
    how many people went.
    """

    gate: Gate
    asked_at: datetime | None
    gone: int


def hold_gate(home: Home, keyring: Keyring) -> Passed:
    """Let a build go on, or raise OptOutError.

    opt_out_missing, opt_out_stale, opt_out_not_asked. In a home that is exempt nobody
    is asked. Raises RewritingError: nothing was changed, and the build does not go on.
    """
    return _hold_gate(home, keyring, datetime.now(UTC))


def _hold_gate(home: Home, keyring: Keyring, now: datetime) -> Passed:
    opt_out = read_settings(home).opt_out
    if opt_out.gate == "exempt":
        return Passed("exempt", None, 0)
    with home.lock("opt-out gate"):
        resume_rewriting(home, keyring)
        with Vault.open(home, keyring.key("vault")) as vault:
            asked_at = _checked(vault.connection, opt_out, now)
            gone = leaving(vault.connection, opt_out)
        if gone.persons:
            remove(home, keyring, gone, "opt_out", erased=False)
    return Passed("required", asked_at, gone.persons)


def _checked(
    connection: duckdb.DuckDBPyConnection, opt_out: OptOut, now: datetime
) -> datetime | None:
    """When the check that holds was asked. Raises OptOutError."""
    row = connection.execute("select max(asked_at) from vault.opt_out_check").fetchone()
    asked_at = row[0].replace(tzinfo=UTC) if row and row[0] else None
    check_fresh(asked_at, opt_out, now)
    (unasked,) = connection.execute(_NOT_ASKED).fetchone() or (0,)
    if unasked:
        raise OptOutError(
            "opt_out_not_asked",
            f"{unasked} people have landed whom the check was not asked about: "
            f"{HOW_TO}",
        )
    return asked_at
