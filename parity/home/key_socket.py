"""One key per request, over a socket that only the same user's processes can use.

The protocol: the caller sends a key's name and a line end; the answer is a zero byte
and 32 key bytes, or a one byte and a code. Both ends look at who the other is
(SO_PEERCRED: the kernel says, the peer cannot lie), and the folder of the socket has
mode 0700.

A socket's path may be no longer than 107 bytes; a home's can be. So both ends reach it
through a descriptor of its folder.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from parity.home.errors import HomeError
from parity.home.private_files import check_folder
from pseudonymisation.errors import CodedError
from pseudonymisation.keys import KEY_BYTES, check_key

_LONGEST_NAME = 200
_SECONDS = 5.0
_LOOK_AROUND_SECONDS = 0.1
_GIVEN, _REFUSED = b"\x00", b"\x01"

# Name asked for and process id of the caller to the key; raises CodedError to refuse.
Giver = Callable[[str, int], bytes]


@dataclass(frozen=True)
class Peer:
    """Who is at the other end, as the kernel says."""

    process: int
    user: int


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that listens at a path in a 0700 folder; gone afterwards.

    Raises HomeError when another process serves there.
    """
    if is_served(path):
        raise HomeError("already_unlocked", "this home is being served already")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        with _address(path) as address:
            listener.bind(address)
        path.chmod(0o600)
        listener.listen()
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def is_served(path: Path) -> bool:
    """Whether a process listens at a path; what a dead one left does not count."""
    if not path.exists():
        return False
    try:
        _connected(path).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    return True


def serve_until(stop: threading.Event, listener: socket.socket, give: Giver) -> None:
    """Answer requests, one after the other, until told to stop."""
    listener.settimeout(_LOOK_AROUND_SECONDS)
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with connection, suppress(OSError):
            connection.settimeout(_SECONDS)
            connection.sendall(_answer(connection, give))


def ask(path: Path, name: str) -> bytes:
    """The 32 bytes of a key from the process listening at a path. Raises HomeError."""
    try:
        with _connected(path) as connection:
            if _peer(connection).user != os.geteuid():
                raise HomeError("wrong_server", "the key socket is another user's")
            connection.sendall(name.encode("utf-8") + b"\n")
            answer = _read_all(connection)
    except OSError:
        raise HomeError("no_server", "the key socket does not answer") from None
    return key_of(answer)


def key_of(answer: bytes) -> bytes:
    """The key in an answer. Raises HomeError with the code of a refusal, KeyRefused."""
    if answer[:1] == _GIVEN and len(answer) == 1 + KEY_BYTES:
        return check_key(answer[1:])
    code = "no_answer"
    if answer[:1] == _REFUSED:
        code = answer[1:].decode("ascii", "replace")
    raise HomeError(code, "the key was refused")


def given(key: bytes) -> bytes:
    """The answer that holds a key."""
    return _GIVEN + key


def refused(code: str) -> bytes:
    """The answer that refuses."""
    return _REFUSED + code.encode("ascii")


def _answer(connection: socket.socket, give: Giver) -> bytes:
    # Read first: a refusal sent over an unread request would be lost with it.
    request = connection.recv(_LONGEST_NAME)
    peer = _peer(connection)
    if peer.user != os.geteuid():
        return refused("another_user")
    if not request.endswith(b"\n"):
        return refused("bad_request")
    try:
        return given(give(request[:-1].decode("utf-8", "replace"), peer.process))
    except CodedError as error:
        return refused(error.code)


def _peer(connection: socket.socket) -> Peer:
    size = struct.calcsize("3i")
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    process, user, _ = struct.unpack("3i", found)
    return Peer(process, user)


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_SECONDS)
        with _address(path) as address:
            connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(_LONGEST_NAME), b""))


@contextmanager
def _address(path: Path) -> Iterator[str]:
    check_folder(path.parent)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
