"""The keyring file: read and written whole, under a seal over all that it says.

    format, provider    what opens it (parity.home.key_wrapping)
    keys                one record a key, in order of making
    ledger              where the ledger ended when the file was written
    seal                the provider's MAC of all that is above

So a record that was edited, removed, added, doubled or moved is seen, and so is another
provider block. What a seal cannot see is the whole file put back as it was earlier: it
is sealed too. For that the ledger holds the mark of each file that was written
(`mark_of`), and parity.home.keyring_check compares. The other way round, a ledger that
does not reach the end noted here was cut off or put back, and takes no entry.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parity.home.errors import HomeError
from parity.home.key_record import KeyRecord, read_record
from parity.home.key_wrapping import KeyProvider, ProviderName, named_provider
from parity.home.private_files import read_private, write_private
from pseudonymisation.ledger_chain import START, Head

_FORMAT = "parity-keyring-2"
_MARK_DIGITS = 32
_LEDGER = "ledger"


class KeyringFile:
    """One keyring file and the provider that seals it."""

    def __init__(self, path: Path, provider: KeyProvider) -> None:
        self.path = path
        self._provider = provider

    def records(self) -> tuple[KeyRecord, ...]:
        """What the file holds, its seal checked. Raises HomeError: keyring_damaged."""
        try:
            return tuple(read_record(record) for record in self._checked()["keys"])
        except (KeyError, TypeError, ValueError):
            raise damaged() from None

    def mark(self) -> str:
        """The mark of the file as it is. Raises HomeError: keyring_damaged."""
        return mark_of(self._checked())

    def noted_end(self) -> Head:
        """The end of the ledger that the file notes. Raises HomeError."""
        try:
            return Head(**self._checked().get(_LEDGER, asdict(START)))
        except TypeError:
            raise damaged() from None

    def drafted(
        self,
        records: Iterable[KeyRecord],
        provider: dict[str, Any] | None = None,
        ledger: Head = START,
    ) -> dict[str, Any]:
        """The sealed content for other records; nothing is written.

        provider: what a new file says of its provider. ledger: where the ledger ends.
        """
        content = {
            "format": _FORMAT,
            "provider": provider or self._checked()["provider"],
            "keys": [asdict(record) for record in records],
            _LEDGER: asdict(ledger),
        }
        return content | {"seal": self._provider.seal(_canonical(content))}

    def write(self, content: dict[str, Any]) -> None:
        """Put a drafted content in place of the file, whole or not at all."""
        written = json.dumps(content, indent=1).encode("ascii") + b"\n"
        write_private(self.path, written)

    def _checked(self) -> dict[str, Any]:
        content = read_content(self.path)
        seal = content.pop("seal", None)
        expected = self._provider.seal(_canonical(content))
        if not hmac.compare_digest(str(seal).encode(), expected.encode()):
            raise damaged()
        return content | {"seal": seal}


def read_content(path: Path) -> dict[str, Any]:
    """What a keyring file says, nothing of it believed yet. Raises HomeError."""
    try:
        content = json.loads(read_private(path))
    except ValueError:
        raise damaged() from None
    if not isinstance(content, dict):
        raise damaged()
    if content.get("format") == "parity-keyring-1":
        raise HomeError("keyring_version", "this keyring was made by an older Parity")
    if content.get("format") != _FORMAT:
        raise damaged()
    return content


def provider_of(path: Path) -> ProviderName:
    """Which provider a keyring file names: it says whose secret to ask for."""
    try:
        return named_provider(read_content(path)["provider"])
    except (KeyError, TypeError, ValueError):
        raise damaged() from None


def mark_of(content: dict[str, Any]) -> str:
    """By what the ledger knows a written file again: half of its seal."""
    return str(content["seal"])[:_MARK_DIGITS]


def damaged() -> HomeError:
    """The one answer to a keyring file that is not as we wrote it."""
    return HomeError(
        "keyring_damaged",
        "the keyring (vault/keyring.json of the home) is damaged or was altered",
    )


def _canonical(content: dict[str, Any]) -> str:
    """One text for one content: what is sealed does not depend on blanks or order."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
