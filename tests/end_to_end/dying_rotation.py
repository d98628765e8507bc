"""Rotates a key and dies on the way: the child process of the rotation's tests.

What belongs here: the steps of a rewriting; how it ends at one is dying. Run as
`python dying_rotation.py HOME epoch|root STEP BEFORE_OR_AFTER`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from dying import Step, die_at

from parity.home import Home
from parity.home.keyring import Keyring
from parity.home.unlock import open_keyring
from parity.rewriting import ending, engine
from parity.rotation.epoch import rotate_epoch
from parity.rotation.root import rotate_root
from parity.vault.custodians import made_up_custodians

# Each step by where its function stands. A function that runs several times dies at its
# first: after one file of two, after one key of many.
STEPS: dict[str, Step] = {
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


def is_meant(step: str) -> Callable[..., bool]:
    """write_private renames too: only the new file's renaming is that step."""
    if step != "switch one file":
        return lambda *_, **__: True
    return lambda path, *_: ".fresh." in path.name


def main() -> None:
    root, what, step, when = sys.argv[1:]
    home = Home.find(Path(root))
    keyring = open_keyring(home)
    custodians = made_up_custodians(home) if what == "root" else []
    die_at(STEPS[step], when, is_meant(step))
    if what == "root":
        rotate_root(home, keyring, *custodians[:2])
    else:
        rotate_epoch(home, keyring)


if __name__ == "__main__":
    main()
