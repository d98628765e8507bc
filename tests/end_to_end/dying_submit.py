"""Submits one file and dies on the way: the child process of test_idempotence.

What belongs here: the steps of a submission and how the process ends at one of them,
at once and without any tidying, as on a power cut. Run as
`python dying_submit.py HOME FILE STEP BEFORE_OR_AFTER`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import parity.intake.submit as intake
from parity.home import Home
from parity.vault.store import Vault
from parity.warehouse.landed import LandedStore

DIED = 86

# Each step by where its function stands, in the order in which they come.
STEPS: dict[str, tuple[Any, str]] = {
    "read": (intake, "read_submission"),
    "validate": (intake, "validate"),
    "pseudonymise": (intake, "pseudonymise"),
    "answer": (intake, "write_answer"),
    "record in the vault": (Vault, "record"),
    "link persons": (Vault, "person_links"),
    "seal": (intake, "seal_copy"),
    "land": (LandedStore, "land"),
}

# Inside the one transaction: nothing of it may be seen until it ends.
INSIDE_LANDING: dict[str, tuple[Any, str]] = {
    "insert the submission": (LandedStore, "_insert_submission"),
    "insert rows": (LandedStore, "_insert_rows"),
    "insert the receipt": (LandedStore, "_insert_receipt"),
}


def die_at(step: str, when: str) -> None:
    """Replace the step by one that ends the process before or after it."""
    owner, name = (STEPS | INSIDE_LANDING)[step]
    original: Callable[..., Any] = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> None:
        if when == "after":
            original(*arguments, **named)
        os._exit(DIED)

    setattr(owner, name, dying)


def main() -> None:
    from conftest import open_keyring, submit_file

    home_root, file, step, when = sys.argv[1:]
    home = Home.find(Path(home_root))
    keyring = open_keyring(home)
    die_at(step, when)
    submit_file(home, keyring, Path(file))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
