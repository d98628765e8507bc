"""Unlocking: from a secret to keys, and from an unlocked process to others.

Three ways a process gets a key. With the home's secret (a passphrase, or a wrapping key
that systemd hands over) it opens the keyring: `open_keyring`. Without, it
asks a socket for a file key: `parity unlock` serves the home's, a parent serves its
child's own. Failing both, a short-lived child of its own opens the keyring and hands
over that one key, so that the asking process (dbt's) never holds the passphrase or
another key.

Only keys of the warehouse's files and of packages are served: never the vault's, which
intake alone opens, with the secret; never those that make pseudonyms, sign or seal. A
request is in the ledger before its key is given.

The limit, said plainly: processes of one user are not walls to each other. Where the
secret lies in a file, whatever runs as that user can read it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from parity.home.errors import HomeError
from parity.home.key_socket import (
    Giver,
    ask,
    is_served,
    key_of,
    listening,
    serve_until,
)
from parity.home.keyring import Keyring
from parity.home.keyring_file import provider_of
from parity.home.layout import Home
from parity.home.passphrase import passphrase, refuse_passphrase, wrapping_key
from parity.home.private_files import make_folder, own_path
from parity.home.secret import SecretBytes

__all__ = [
    "Keyring",
    "SecretBytes",
    "file_key",
    "open_keyring",
    "passphrase",
    "serve",
    "serving",
]

_SOCKET = "keys.socket"

# Who asks: dbt's plugin for the two files of the warehouse, a reader for a package.
_SERVED_FILES = ("landed", "warehouse")
_SERVED_PACKAGES = "package:"
# What the asker writes: its key must be within its period of protecting.
_WRITTEN = ("warehouse",)


def open_keyring(
    home: Home,
    *,
    passphrase_file: Path | None = None,
    passphrase_fd: int | None = None,
) -> Keyring:
    """The keyring of a home, opened by the secret of the provider that made it.

    The two options are for a passphrase; see parity.home.passphrase for the other ways.
    Raises HomeError: other_key_provider when they are given for a keyring that no
    passphrase opens, and what `Keyring.open` raises.
    """
    provider = provider_of(home.keyring_file)
    if provider == "passphrase":
        secret = passphrase(
            home, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd
        )
    else:
        refuse_passphrase(provider, passphrase_file, passphrase_fd)
        secret = wrapping_key()
    return Keyring.open(home, secret)


def home_socket(home: Home) -> Path:
    """The socket on which `parity unlock` serves a home."""
    return home.run_folder / _SOCKET


def serve(home: Home, keyring: Keyring, stop: threading.Event | None = None) -> None:
    """Serve the home's file keys until stopped: what `parity unlock` does.

    Keys made while it runs are served too. Raises HomeError when it is served already.
    """
    with listening(home_socket(home)) as listener:
        serve_until(stop or threading.Event(), listener, giver(keyring, None))


@contextmanager
def serving(
    home: Home, keyring: Keyring, names: Collection[str]
) -> Iterator[dict[str, str]]:
    """Serve only these file keys, on a socket of its own, while the context lasts.

    Yields what a child's environment needs: the path of the socket.
    """
    for name in names:
        check_file_key(keyring, name)
    folder = make_folder(own_path(home.run_folder, "served"))
    try:
        path = folder / _SOCKET
        with listening(path) as listener:
            stop = threading.Event()
            give = giver(keyring, frozenset(names))
            thread = threading.Thread(target=serve_until, args=(stop, listener, give))
            thread.start()
            try:
                yield {"PARITY_KEY_SOCKET": str(path)}
            finally:
                stop.set()
                thread.join()
    finally:
        shutil.rmtree(folder)


def file_key(home: Home, name: str) -> bytes:
    """The 32 bytes of a file key, for a process that holds no passphrase.

    From the socket that PARITY_KEY_SOCKET names, else the home's own when it is served,
    else from a child that unwraps this one key. Raises HomeError.
    """
    if named := os.environ.get("PARITY_KEY_SOCKET"):
        return ask(Path(named), name)
    if is_served(home_socket(home)):
        return ask(home_socket(home), name)
    return _from_child(home, name)


def giver(keyring: Keyring, names: Collection[str] | None) -> Giver:
    """Gives file keys (of these names, or all), each request entered first."""

    def give(name: str, process: int) -> bytes:
        try:
            _check_served(name, names)
            check_file_key(keyring, name)
            key = keyring.key(name) if name in _WRITTEN else keyring.key_to_read(name)
        except HomeError as error:
            # What was asked for is the caller's text: it does not go into the ledger.
            keyring.ledger().append("key_refused", reason=error.code, process=process)
            raise
        keyring.ledger().append("key_given", key=name, process=process)
        return key

    return give


def check_file_key(keyring: Keyring, name: str) -> None:
    """Raise HomeError unless the name is that of a file key that somebody asks for."""
    if keyring.record(name).purpose != "file":
        raise HomeError("not_a_file_key", "only keys of files are served")
    if name not in _SERVED_FILES and not name.startswith(_SERVED_PACKAGES):
        raise HomeError("key_not_served", "that key is not served here")


def _check_served(name: str, names: Collection[str] | None) -> None:
    if names is not None and name not in names:
        raise HomeError("key_not_served", "that key is not served here")


def _from_child(home: Home, name: str) -> bytes:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            child = subprocess.Popen(  # noqa: S603  our own module, no shell
                [
                    sys.executable,
                    "-m",
                    "parity.home.unwrap_one",
                    str(home.root),
                    name,
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
            )
        with child, ours.makefile("rb") as stream:
            return key_of(stream.read())
