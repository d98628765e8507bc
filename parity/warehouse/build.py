"""One build of the warehouse: the gate of opt-outs, dbt, then the gates before anything
leaves.

What belongs here: the order, and the lock that keeps intake out meanwhile. People who
may not be used go before dbt reads (parity.vault.opt_out). dbt's
contracts stop a new, renamed or retyped column inside the build; the class gate stops
one without a class; tests are part of dbt's build.
"""

from __future__ import annotations

from collections.abc import Callable

from parity.access.classification import check_home_classes
from parity.home import Home, HomeError
from parity.home.standing import note_built
from parity.home.unlock import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.opt_out.gate import Passed, hold_gate
from parity.warehouse.dbt_runner import run_dbt


def build(
    home: Home,
    keyring: Keyring,
    select: str | None = None,
    waiting: Callable[[str], None] | None = None,
) -> None:
    """Run dbt build, whole or for a selection, and hold the gates.

    waiting: told once when another process holds the home's lock.
    Raises OptOutError, DbtError, AccessError.
    """
    with home.lock("build", waiting):
        passed = before_dbt(home, keyring)
        chosen = ["--select", select] if select else []
        run_dbt(home, keyring, ["build", *chosen])
        after_dbt(home, keyring, passed)


def before_dbt(home: Home, keyring: Keyring) -> Passed:
    """What holds before dbt reads, whoever starts it; the home's lock is held.

    Raises HomeError nothing_landed; OptOutError as hold_gate; RewritingError.
    """
    resume_rewriting(home, keyring)
    if not home.landed_file.exists():
        raise HomeError(
            "nothing_landed",
            "no submission has landed yet: `parity submit` one, or put them in the "
            "home's inbox and `parity run`",
        )
    return hold_gate(home, keyring)


def after_dbt(home: Home, keyring: Keyring, passed: Passed) -> None:
    """The gate of classes, then the ledger. Raises AccessError."""
    check_home_classes(home, keyring)
    note_built(keyring, passed.gate, passed.asked_at)
