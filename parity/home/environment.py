"""What may not stand in the environment or the arguments of a process: a secret.

Both can be read in /proc for as long as the process lives, and children inherit the
environment; a program that deletes a variable changes neither. So nothing secret is
taken from there, and a secret that stands there is refused: it is known to others.
"""

from __future__ import annotations

import os
import sys

from parity.home.errors import HomeError

# Paths, all of them.
SETTINGS = frozenset({"PARITY_HOME", "PARITY_KEY_SOCKET", "PARITY_PASSPHRASE_FILE"})
_OURS = "PARITY_"
_PASSPHRASE = "PARITY_PASSPHRASE"  # noqa: S105  a name


def check_environment() -> None:
    """Raise HomeError when a variable of ours is none of the settings.

    Whoever sets PARITY_KEY or PARITY_SECRET means to hand over a secret.
    """
    if _PASSPHRASE in os.environ:
        raise HomeError(
            "passphrase_in_environment",
            "PARITY_PASSPHRASE is not read: put the passphrase in a 0600 file and name "
            "that in PARITY_PASSPHRASE_FILE; the one in the environment is spent",
        )
    if any(n.startswith(_OURS) and n not in SETTINGS for n in os.environ):
        raise HomeError(
            "unknown_setting",
            "the environment may set PARITY_HOME, PARITY_PASSPHRASE_FILE and "
            "PARITY_KEY_SOCKET, which are paths; a secret in another is spent",
        )


def check_not_exposed(secret: bytes) -> None:
    """Raise HomeError when a secret, plain or in hex, stands in what others can read.

    secret: 12 bytes or more; a shorter one would be found by chance.
    """
    shown = [*os.environb.values(), *(os.fsencode(text) for text in sys.orig_argv)]
    hidden = (secret, secret.hex().encode("ascii"))
    if any(form in text.lower() or form in text for text in shown for form in hidden):
        raise HomeError(
            "secret_exposed",
            "a secret of this home stands in the environment or in an argument, where "
            "others can read it: it is spent",
        )
