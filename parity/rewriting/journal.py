"""The journal of a rewriting: how far it got, so that a restart knows which way to go.

What belongs here: the one small file and its steps. It names files, keys and versions;
no key and nobody's pseudonym. Up to `preparing` a restart takes everything back; from
`switching` on it finishes what was begun.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from parity.home import Home, HomeError
from parity.home.keyring import LEDGER_KEY, Keyring
from parity.home.private_files import read_private, sync_folder, write_private
from parity.rewriting.document import Document
from pseudonymisation.derivation import derive
from pseudonymisation.errors import CodedError
from pseudonymisation.keyed_hash import token

Step = Literal["preparing", "switching", "cleaning"]
FileName = Literal["landed", "vault", "warehouse"]

CUT_OFF = "a rotation or removal was cut off"
HOW_TO_RESUME = "parity keys rotate --resume"
BUILD_AGAIN = (
    "the warehouse and the packages were made of the former rows and are gone: "
    "parity build, parity package build"
)

_FORMAT = "parity-rewriting-1"
_FILES = frozenset(get_args(FileName))


class RewritingError(CodedError):
    """A rewriting did not take place; what was there before is still there."""


@dataclass(frozen=True)
class Versions:
    """A key's version before and (from the preparing on) after; 0 is none yet."""

    former: int
    new: int = 0


@dataclass(frozen=True)
class Journal:
    """One rewriting. reason: a word. files: those written anew.

    keys: the versions of each key that changes. derived_goes: whether the warehouse and
    the packages, which hold the former rows, go too. counts: of the verified new files.
    document: what of the vault's documents comes in force with the files.
    """

    reason: str
    step: Step
    files: tuple[FileName, ...]
    keys: Mapping[str, Versions]
    derived_goes: bool
    counts: Mapping[str, int] = field(default_factory=dict)
    document: Document | None = None

    def at(self, step: Step, counts: Mapping[str, int] | None = None) -> Journal:
        """The same at another step."""
        return replace(self, step=step, counts=counts or self.counts)

    def prepared(self, versions: Mapping[str, int]) -> Journal:
        """The same with the new versions of its keys."""
        keys = {
            name: replace(known, new=versions[name])
            for name, known in self.keys.items()
        }
        return replace(self, keys=keys)


@dataclass(frozen=True)
class Ended:
    """What became of a rewriting that was cut off, once it was resumed.

    reason: the word that it was begun with. derived_went: whether the warehouse and the
    packages are gone and must be built again.
    """

    reason: str
    how: Literal["taken_back", "seen_through"]
    derived_went: bool

    def in_words(self) -> str:
        """What became of it, and what is to be done now."""
        begun = f"a rewriting that was cut off ({self.reason.replace('_', ' ')})"
        if self.how == "taken_back":
            return f"{begun} was taken back: keys and files are as they were before it"
        words = f"{begun} was seen through: the new keys and files are in force"
        return f"{words}; {BUILD_AGAIN}" if self.derived_went else words


def journal_file(home: Home) -> Path:
    """Where the journal lies while a rewriting is under way."""
    return home.vault / "rewriting.json"


def is_unfinished(home: Home) -> bool:
    """Whether a rewriting was begun and not finished, or is under way."""
    return journal_file(home).exists()


def check_finished(home: Home) -> None:
    """Raise HomeError when a rewriting was cut off; one that is at work stops nobody.

    For who reads a file of the home without its keyring, and so cannot resume.
    """
    if is_unfinished(home) and not home.is_locked() and is_unfinished(home):
        raise HomeError("rewriting_unfinished", f"{CUT_OFF}: {HOW_TO_RESUME}")


def write_journal(home: Home, keyring: Keyring, journal: Journal) -> None:
    """Put the journal on disk, whole or not at all."""
    content = {"format": _FORMAT, **asdict(journal)}
    content["seal"] = _seal(keyring, content)
    write_private(journal_file(home), json.dumps(content, indent=1).encode() + b"\n")


def read_journal(home: Home, keyring: Keyring) -> Journal | None:
    """The journal, or None. Raises RewritingError: rewriting_damaged.

    It is sealed under a key of the home: what it says destroys keys.
    """
    if not is_unfinished(home):
        return None
    try:
        content = json.loads(read_private(journal_file(home)))
        _check_seal(keyring, content, str(content.pop("seal")))
        return _read(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RewritingError(
            "rewriting_damaged",
            f"{journal_file(home)}, the journal of an unfinished rewriting, cannot be "
            "read: restore it",
        ) from None


def remove_journal(home: Home) -> None:
    """The rewriting is over."""
    journal_file(home).unlink(missing_ok=True)
    sync_folder(home.vault)


def _check_seal(keyring: Keyring, content: Mapping[str, Any], seal: str) -> None:
    if not hmac.compare_digest(_seal(keyring, content).encode(), seal.encode()):
        raise ValueError("not sealed by this home")


def _seal(keyring: Keyring, content: Mapping[str, Any]) -> str:
    key = derive(keyring.key_to_read(LEDGER_KEY), "rewriting-journal")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return token(key, "rewriting-journal", text).hex()


def _read(content: dict[str, Any]) -> Journal:
    form, step, files = content.pop("format"), content["step"], tuple(content["files"])
    if form != _FORMAT or step not in get_args(Step) or set(files) - _FILES:
        raise ValueError("not a journal of ours")
    keys = {name: Versions(**both) for name, both in content["keys"].items()}
    told = content.get("document")
    document = Document(**told) if told else None
    return Journal(**{**content, "files": files, "keys": keys, "document": document})
