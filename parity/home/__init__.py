"""A home: the one folder in which Parity keeps everything, and what guards it.

`Home` knows the rooms, `init` makes a home, `HomeError` is what goes wrong with one.
Keys stand in parity.home.keyring, ways to unlock in parity.home.unlock, the ledger in
parity.home.ledger, encrypted files in parity.home.encrypted_database.
"""

from parity.home.errors import HomeError
from parity.home.layout import Home
from parity.home.setup import init

__all__ = ["Home", "HomeError", "init"]
