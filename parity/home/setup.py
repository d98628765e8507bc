"""Making a home: rooms, keys, description; and the two things a home may not be.

A live home may not stand in a git work tree, where one wrong command publishes it, and
may not hold its own passphrase. home.json is written last: a home that was begun and
not finished is not a home.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

from parity.home.errors import HomeError
from parity.home.keyring import LEDGER_KEY, Keyring, Purpose
from parity.home.layout import HOME_VERSION, Home, description_file
from parity.home.private_files import harden_process, make_folder, write_private
from parity.home.secret import SecretBytes, WrappingKey
from parity.home.settings import settings_file, written_settings

_SHORTEST_PASSPHRASE = 12

# The ledger's key first: the making of the others is entered in the ledger.
_FIRST_KEYS: tuple[tuple[str, Purpose], ...] = (
    (LEDGER_KEY, "ledger"),
    ("root", "root"),
    ("linkage", "linkage"),
    ("epoch", "derivation"),
    ("receipt", "receipt"),
    ("vault", "file"),
    ("landed", "file"),
    ("warehouse", "file"),
    ("checkpoint", "signing"),
)


def init(
    root: Path,
    *,
    synthetic: bool,
    passphrase: bytes | None = None,
    wrapping_key: WrappingKey | None = None,
) -> Home:
    """Make a home in a new or empty folder.

    passphrase: at least 12 bytes; asked of a live home. A synthetic home without one
    makes its own and keeps it in a 0600 file. wrapping_key: in the passphrase's place,
    from a provider that has none (parity.home.key_wrapping). Raises HomeError.
    """
    harden_process()
    root = root.resolve()
    if not synthetic and _is_in_work_tree(root):
        raise HomeError("in_work_tree", "a live home may not stand in a git work tree")
    if root.exists() and any(root.iterdir()):
        raise HomeError("not_empty", "a home is made in a new or empty folder")
    secret = wrapping_key or _chosen(passphrase, synthetic)
    home = Home(root=root, kind="synthetic" if synthetic else "live")
    for folder in (root, *home.folders):
        _make_with_parents(folder, root)
    if passphrase is None and wrapping_key is None:
        write_private(home.synthetic_passphrase_file, secret.reveal() + b"\n")
    keyring = Keyring.create(home.keyring_file, secret)
    for name, purpose in _FIRST_KEYS:
        keyring.generate(name, purpose)
    keyring.ledger().append("home_made", kind=home.kind)
    write_private(settings_file(home), written_settings(home.kind))
    write_private(description_file(root), _description(home))
    return home


def _chosen(passphrase: bytes | None, synthetic: bool) -> SecretBytes:
    if passphrase is None:
        if not synthetic:
            raise HomeError("no_passphrase", "a live home needs a passphrase")
        return SecretBytes(secrets.token_urlsafe(32).encode("ascii"))
    if len(passphrase) < _SHORTEST_PASSPHRASE:
        raise HomeError(
            "passphrase_short",
            f"a passphrase has at least {_SHORTEST_PASSPHRASE} characters",
        )
    return SecretBytes(passphrase)


def _make_with_parents(folder: Path, root: Path) -> None:
    """Make a folder and all between it and the root, each with mode 0700."""
    if folder != root and folder.parent != root:
        _make_with_parents(folder.parent, root)
    make_folder(folder)


def _is_in_work_tree(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def _description(home: Home) -> bytes:
    description = {
        "kind": home.kind,
        "version": HOME_VERSION,
        "created": datetime.now(UTC).date().isoformat(),
    }
    return json.dumps(description, indent=1).encode("ascii") + b"\n"
