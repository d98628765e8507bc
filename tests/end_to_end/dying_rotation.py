"""Rotates a key and dies on the way: the child process of the rotation's tests.

What belongs here: the steps of a rewriting and how the process ends at one of them, at
once and without any tidying, as on a power cut. Run as
`python dying_rotation.py HOME epoch|root STEP BEFORE_OR_AFTER`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parity.home import Home
from parity.home.keyring import Keyring
from parity.home.unlock import open_keyring
from parity.rewriting import ending, engine
from parity.rotation.epoch import rotate_epoch
from parity.rotation.root import rotate_root
from parity.vault.custodians import made_up_custodians

DIED = 86

# Each step by where its function stands. A function that runs several times dies at its
# first: after one file of two, after one key of many.
STEPS: dict[str, tuple[Any, str]] = {
    "prepare keys": (engine, "prepare_keys"),
    "prepare one key": (Keyring, "prepare"),
    "write the new file": (engine, "write_fresh"),
    "verify the new file": (engine, "verify_fresh"),
    "see it through": (engine, "roll_forward"),
    "switch the files": (ending, "switch_files"),
    "switch one file": (Path, "replace"),
    "activate the keys": (ending, "activate_keys"),
    "activate one key": (Keyring, "activate"),
    "remove what was made": (ending, "remove_derived"),
    "destroy the former keys": (ending, "destroy_former"),
    "destroy one key": (Keyring, "destroy"),
    "remove the journal": (ending, "remove_journal"),
}


def die_at(step: str, when: str) -> None:
    """Replace the step by one that ends the process before or after it."""
    owner, name = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        # write_private renames too: only the new file's renaming is meant.
        if step == "switch one file" and ".fresh." not in arguments[0].name:
            return original(*arguments, **named)
        if when == "after":
            original(*arguments, **named)
        os._exit(DIED)

    setattr(owner, name, dying)


def main() -> None:
    root, what, step, when = sys.argv[1:]
    home = Home.find(Path(root))
    keyring = open_keyring(home)
    custodians = made_up_custodians(home) if what == "root" else []
    die_at(step, when)
    if what == "root":
        rotate_root(home, keyring, *custodians[:2])
    else:
        rotate_epoch(home, keyring)


if __name__ == "__main__":
    main()
