"""A process of its own that unwraps one file key and ends.

    python -m parity.home.unwrap_one <home> <key name> <descriptor of a socket>

Started by parity.home.unlock.file_key. The answer goes over the socket in the form of
parity.home.key_socket; nothing is printed. It dies with what it learned.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from parity.home.key_socket import given, refused
from parity.home.layout import Home
from parity.home.unlock import giver, open_keyring
from pseudonymisation.errors import CodedError


def main(arguments: list[str]) -> int:
    """Send the answer over the socket; 0 when it holds a key, 1 when it refuses."""
    root, name, descriptor = arguments
    with socket.socket(fileno=int(descriptor)) as channel:
        try:
            home = Home.find(Path(root))
            keyring = open_keyring(home)
            answer, code = given(giver(keyring, None)(name, os.getppid())), 0
        except CodedError as error:
            answer, code = refused(error.code), 1
        channel.sendall(answer)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError):
        sys.exit(3)
