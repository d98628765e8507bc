"""A file under another key: the same rows, and the former key destroyed.

What belongs here: the files of the home by copying, the packages by building them anew,
and the signing keys, under which nothing must be written anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from parity.access.packages import build_package, key_name
from parity.access.rekeying import epoch_key_name
from parity.home import Home
from parity.home.keyring import Keyring
from parity.rewriting import NOBODY, Copy, FileName, Telling, resume_rewriting, rewrite


def rotate_file(
    home: Home,
    keyring: Keyring,
    name: FileName,
    telling: Telling = NOBODY,
) -> Mapping[str, int]:
    """Write a file of the home anew under a new key; counts of what it holds.

    Nothing that was made of it goes. Raises RewritingError or HomeError: then the
    former file and key go on as they were.
    """
    reason = f"{name}_file"
    return rewrite(
        home, keyring, {name: Copy()}, reason, derived_goes=False, telling=telling
    )


def renew_package(
    home: Home,
    keyring: Keyring,
    role: str,
    *,
    new_epoch: bool,
    telling: Telling = NOBODY,
) -> Mapping[str, int]:
    """End a role's package and its key and build it again under a new one.

    new_epoch: its project's pseudonyms become others too. The former package goes
    first: cut off in between, there is none until the next `parity package build`, and
    never one of a former key or epoch. Raises AccessError or HomeError.
    """
    with home.lock(f"package {role}", telling.waiting):
        resume_rewriting(home, keyring)
        reason = "project" if new_epoch else "package"
        keyring.ledger().append("rotation_begun", reason=reason, role=role)
        if (home.packages / role).exists():
            shutil.rmtree(home.packages / role)
        destroy_all(keyring, key_name(role))
        if new_epoch:
            begin_epoch(keyring, epoch_key_name(role))
        build_package(home, keyring, role)
        keyring.ledger().append("rotation_done", reason=reason, role=role)
    return {"packages": 1}


def begin_epoch(keyring: Keyring, name: str) -> None:
    """Put the next version of a project's key in force and destroy the former ones."""
    if any(record.name == name for record in keyring.records()):
        keyring.rotate(name)
    else:
        keyring.generate(name, "derivation")
    version = keyring.version(name)
    destroy_all(keyring, name, below=version)


def destroy_all(keyring: Keyring, name: str, below: int | None = None) -> None:
    """Destroy every version of a key, or every one before another."""
    for record in keyring.records():
        older = below is None or record.version < below
        if record.name == name and older and record.state != "destroyed":
            keyring.destroy(name, record.version)
