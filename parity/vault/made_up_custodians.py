"""The custodians of a synthetic home: made up, with their passphrases beside them.

What belongs here: making and opening them, so that demonstrations and rotations run
without three people. A live home has none.
"""

from __future__ import annotations

import secrets

from parity.home import Home
from parity.home.private_files import make_folder, read_private, write_private
from parity.home.secret import SecretBytes
from parity.vault.custodian_key import (
    Card,
    CustodianKey,
    make_custodian_key,
    open_custodian_key,
)
from parity.vault.errors import VaultError
from pseudonymisation.passphrase_key import new_cost

_NAMES = ("custodian-one", "custodian-two", "custodian-three")
_FOLDER = "custodians"
_LOWEST_COST = 2**15  # their passphrases are 256 random bits


def make_up_custodians(home: Home) -> list[Card]:
    """Make three and return their cards. Raises VaultError for a live home."""
    _check(home)
    folder = make_folder(home.operations / _FOLDER)
    cards = []
    for name in _NAMES:
        passphrase = secrets.token_urlsafe(32).encode("ascii")
        write_private(folder / f"{name}-passphrase", passphrase + b"\n")
        path = folder / f"{name}.json"
        path.unlink(missing_ok=True)  # of an appointment that was not finished
        secret = SecretBytes(passphrase)
        cards.append(make_custodian_key(path, name, secret, new_cost(_LOWEST_COST)))
    return cards


def made_up_custodians(home: Home) -> list[CustodianKey]:
    """The three of a synthetic home, opened. Raises VaultError for a live home."""
    _check(home)
    folder = home.operations / _FOLDER
    return [
        open_custodian_key(
            folder / f"{name}.json",
            SecretBytes(read_private(folder / f"{name}-passphrase").strip()),
        )
        for name in _NAMES
    ]


def _check(home: Home) -> None:
    if home.kind != "synthetic":
        raise VaultError("not_made_up", "a live home has no made-up custodians", 2)
