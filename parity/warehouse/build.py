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
from parity.home import Home
from parity.home.standing import note_built
from parity.home.unlock import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.opt_out.gate import hold_gate
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
        resume_rewriting(home, keyring)
        passed = hold_gate(home, keyring)
        chosen = ["--select", select] if select else []
        run_dbt(home, keyring, ["build", *chosen])
        check_home_classes(home, keyring)
        note_built(keyring, passed.gate, passed.asked_at)
