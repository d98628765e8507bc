"""`parity unlock`: serve zone keys until locked."""

from __future__ import annotations

import signal
import threading

from parity.cli.options import (
    AsJson,
    HomeOption,
    PassphraseFd,
    PassphraseFile,
    open_home,
)
from parity.cli.screen import say, show_json
from parity.home.unlock import serve


def unlock(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Ask for the passphrase once and serve zone keys until Ctrl-C.

    Only to this user's processes, one key a request, each request in the ledger; never
    a key that makes pseudonyms.
    """
    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if as_json:
        show_json({"home": found.root, "state": "unlocked"})
    else:
        say("unlocked: serving zone keys; Ctrl-C locks")
    serve(found, keyring, stop)
    if not as_json:
        say("locked")
