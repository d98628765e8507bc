"""What the assets share: the home, its keyring for the length of one step.

What belongs here: the Dagster resource that finds the home and opens its keys. Its
configuration is a path; the passphrase comes the ways parity.home.unlock knows, and key
bytes never become a Dagster value.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from parity.home import Home
from parity.home.unlock import Keyring, open_keyring


class HomeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home that a run works on.

    root: the folder; empty means PARITY_HOME. passphrase_file: path of a 0600 file that
    holds the passphrase; empty means the other
        ways of parity.home.unlock.
    """

    root: str = ""
    passphrase_file: str = ""

    def home(self) -> Home:
        """The home, checked. Raises HomeError."""
        return Home.find(Path(self.root) if self.root else None)

    def keyring(self) -> Keyring:
        """The unlocked keyring. Raises HomeError on a wrong passphrase."""
        home = self.home()
        file = Path(self.passphrase_file) if self.passphrase_file else None
        return open_keyring(home, passphrase_file=file)
