"""Submits one file and dies on the way: the child process of test_idempotence.

What belongs here: the steps of a submission; how it ends at one is dying. Run as
`python dying_submit.py HOME FILE STEP BEFORE_OR_AFTER`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dying import Step, die_at

import parity.intake.submit as intake
from parity.home import Home
from parity.vault.store import Vault
from parity.warehouse.landed import LandedStore

# Each step by where its function stands, in the order in which they come.
STEPS: dict[str, Step] = {
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
INSIDE_LANDING: dict[str, Step] = {
    "insert the submission": (LandedStore, "_insert_submission"),
    "insert rows": (LandedStore, "_insert_rows"),
    "insert the receipt": (LandedStore, "_insert_receipt"),
}


def main() -> None:
    from conftest import open_keyring, submit_file

    home_root, file, step, when = sys.argv[1:]
    home = Home.find(Path(home_root))
    keyring = open_keyring(home)
    die_at((STEPS | INSIDE_LANDING)[step], when)
    submit_file(home, keyring, Path(file))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
