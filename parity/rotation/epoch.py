"""A new epoch of the warehouse: every pseudonym new, without any raw identifier.

What belongs here: the map from the former epoch's pseudonyms to the new one's, made
from the vault's tokens, and the rotation itself. Afterwards the former epoch's key is
destroyed: nobody can make its pseudonyms again, whoever holds the root key. Projects
begin a new epoch with it, for their pseudonyms are made of the warehouse's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted
from parity.home.keyring import Keyring
from parity.rewriting import (
    NOBODY,
    FileName,
    Prepared,
    Telling,
    Transform,
    resume_rewriting,
    rewrite,
)
from parity.rotation.renaming import Renaming
from parity.specification import load
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.pseudonym_map import LANDED_TOKENS, make_map

_PROJECTS = "project:"


def rotate_epoch(
    home: Home,
    keyring: Keyring,
    reason: str = "epoch",
    telling: Telling = NOBODY,
) -> Mapping[str, int]:
    """Begin a new epoch; the landed store is rewritten, and what was made of it goes.

    The submissions take no part: they may be sealed, deleted, unreadable. Returns the
    counts of the verification. Raises RewritingError, VaultError or HomeError: then the
    former epoch goes on as it was.
    """
    with home.lock(reason, telling.waiting):
        resume_rewriting(home, keyring)
        former = former_keys(keyring)

        def made(
            connection: duckdb.DuckDBPyConnection,
            keys: Mapping[str, Prepared],
            domains: Sequence[str],
        ) -> int:
            _, key = keyring.to_rewrite("vault")
            attach_encrypted(connection, home.vault_file, "vault", key, read_only=True)
            fresh = replace(
                former,
                root=keyring.key("root"),
                epoch_key=keys["epoch"].key.reveal(),
                epoch=keys["epoch"].version,
            )
            return make_map(connection, LANDED_TOKENS, domains, former, fresh)

        renaming = Renaming(load("2.1"), former.epoch, made)
        keys = ("epoch", *project_keys(keyring))
        transforms: dict[FileName, Transform] = {"landed": renaming}
        return rewrite(home, keyring, transforms, reason, keys=keys, telling=telling)


def former_keys(keyring: Keyring) -> IdentifierKeys:
    """The keys of the pseudonyms as they are, whatever the keys' age or state."""
    epoch, epoch_key = keyring.to_rewrite("epoch")
    return IdentifierKeys(
        root=keyring.to_rewrite("root")[1],
        linkage=keyring.to_rewrite("linkage")[1],
        epoch_key=epoch_key,
        epoch=epoch,
    )


def project_keys(keyring: Keyring) -> list[str]:
    """Names of the projects' keys, those that are not destroyed."""
    return sorted(
        {
            record.name
            for record in keyring.records()
            if record.name.startswith(_PROJECTS)
            and record.state not in ("pre_active", "destroyed")
        }
    )
