"""A small document of the vault that comes in force together with new files.

What belongs here: its draft, the ledger's entry and the change of place. The entry is
what puts it in force: whoever reads the document believes the one that the ledger's
last entry names (parity.vault.custodians_file).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parity.home import Home
from parity.home.keyring import Keyring
from parity.home.private_files import sync_folder


@dataclass(frozen=True)
class Document:
    """A document whose draft is written. name: a word. event, facts: of its entry.

    The facts hold a seal of the draft, so that no two entries are alike.
    """

    name: str
    event: str
    facts: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError("a document's name is a word")


def document_file(home: Home, name: str) -> Path:
    """Where a document lies."""
    return home.vault / f"{name}.json"


def draft_file(home: Home, name: str) -> Path:
    """Where its successor is written, beside it."""
    return home.vault / f"{name}-next.json"


def put_in_force(home: Home, keyring: Keyring, document: Document) -> bool:
    """Enter a draft and put it in place; done again it changes nothing.

    False when the draft is gone and the ledger does not tell of it.
    """
    ledger = keyring.ledger()
    is_entered = any(
        entry["event"] == document.event and entry["facts"] == dict(document.facts)
        for entry in ledger.entries()
    )
    draft = draft_file(home, document.name)
    if not draft.exists():
        return is_entered
    if not is_entered:
        ledger.append(document.event, **document.facts)
    put_in_place(home, document.name)
    return True


def put_in_place(home: Home, name: str) -> None:
    """Rename the draft, which was entered, over the former document."""
    draft_file(home, name).replace(document_file(home, name))
    sync_folder(home.vault)


def forget_draft(home: Home, document: Document) -> None:
    """Remove a draft that did not come in force."""
    draft_file(home, document.name).unlink(missing_ok=True)
    sync_folder(home.vault)
