"""`parity unlock`: serve zone keys until locked."""

from __future__ import annotations

import signal
import threading

from parity.cli.options import (
    Asked,
    at_home,
)
from parity.cli.screen import say, show_json
from parity.home.unlock import serve


@at_home
def unlock(
    asked: Asked,
) -> None:
    """Ask for the passphrase once and serve zone keys until Ctrl-C.

    Only to this user's processes, one key a request, each request in the ledger; never
    a key that makes pseudonyms.
    """
    found, keyring = asked.open()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if asked.as_json:
        show_json({"home": found.root, "state": "unlocked"})
    else:
        say("unlocked: serving zone keys; Ctrl-C locks")
    serve(found, keyring, stop)
    if not asked.as_json:
        say("locked")
