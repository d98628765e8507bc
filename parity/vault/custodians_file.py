"""Where a home keeps its custodians, and how an older state of that is told.

What belongs here: the file, its seal under a key of the ledger's, and the order of
writing. The new file is drafted beside the old one, its seal goes into the ledger, then
the draft is put in place. What is read is what the ledger's last such entry names: a
file put back as it was before a custodian was replaced is refused, and a draft that was
entered and not put in place any more is put there. A new opening key comes in force
with the vault that is sealed to it: then the rewriting's journal does the same.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parity.home import Home
from parity.home.private_files import read_private, write_private
from parity.home.unlock import Keyring
from parity.rewriting.document import (
    Document,
    document_file,
    draft_file,
    put_in_force,
    put_in_place,
)
from parity.vault.custodian_key import Card
from parity.vault.errors import VaultError
from pseudonymisation.derivation import derive
from pseudonymisation.keyed_hash import token

_FORMAT = "parity-custodians-1"
_NAME = "custodians"

APPOINTED, REPLACED, RENEWED = (
    "custodians_appointed",
    "custodian_replaced",
    "opening_key_renewed",
)
_EVENTS = (APPOINTED, REPLACED, RENEWED)
# In the entry of a replacement that came with a new opening key.
_REVOKED = {"opening": "renewed"}

# Names of a pair, in order, and whose half it is.
HalfName = tuple[str, str, str]


@dataclass(frozen=True)
class Custodians:
    """Those appointed.

    opening_public: seals identifiers. request_public: checks what the home asks of them
    (parity.vault.home_key). halves: sealed boxes, one for each member
    of each pair.
    """

    cards: tuple[Card, ...]
    opening_public: bytes
    request_public: bytes
    halves: Mapping[HalfName, bytes] = field(repr=False)

    def card(self, name: str) -> Card:
        """The card of a custodian of this home. Raises VaultError."""
        for card in self.cards:
            if card.name == name:
                return card
        raise not_a_custodian()


def not_a_custodian() -> VaultError:
    """The error of somebody who is not, or no longer, a custodian."""
    return VaultError("not_a_custodian", "that is no custodian of this home", 1)


def custodians_file(home: Home) -> Path:
    """Where a home keeps its custodians' cards and the sealed halves."""
    return document_file(home, _NAME)


def read_custodians(home: Home, keyring: Keyring) -> Custodians | None:
    """The custodians in force; None when none were ever appointed.

    Raises VaultError: custodians_altered, custodians_lost (they were appointed, and the
    file is gone or is an older one).
    """
    path, draft = custodians_file(home), draft_file(home, _NAME)
    told = _last_seal(keyring)
    for file in (path, draft):
        if file.exists():
            seal, custodians = _read(file, keyring)
            if seal == told:
                if file == draft:
                    put_in_place(home, _NAME)
                return custodians
    if told is None and not path.exists():
        return None
    raise VaultError(
        "custodians_lost", "the custodians' file is gone, or is not the last written"
    )


def appoint_custodians(home: Home, keyring: Keyring, custodians: Custodians) -> None:
    """Put the first custodians in force."""
    put_in_force(home, keyring, _drafted(home, keyring, custodians, APPOINTED))


def draft_renewed(
    home: Home, keyring: Keyring, custodians: Custodians, **replaced: str
) -> Document:
    """Write down custodians with a new opening key, for a rewriting to put in force.

    replaced: names of the former custodian and of the new one, when that changes.
    """
    if replaced:
        return _drafted(home, keyring, custodians, REPLACED, **_REVOKED, **replaced)
    return _drafted(home, keyring, custodians, RENEWED)


def not_revoked(keyring: Keyring) -> tuple[str, ...]:
    """Names of replaced custodians whose former halves are of the key in force.

    Only a home whose custodian was replaced before Parity made a new opening key with
    it has any, until that is renewed.
    """
    names: list[str] = []
    for entry in keyring.ledger().entries():
        facts = entry["facts"]
        if not isinstance(facts, dict):
            continue
        if entry["event"] == RENEWED or facts.items() >= _REVOKED.items():
            names = []
        elif entry["event"] == REPLACED:
            names.append(str(facts["former"]))
    return tuple(names)


def _drafted(
    home: Home, keyring: Keyring, custodians: Custodians, event: str, **facts: str
) -> Document:
    content = _content(custodians)
    seal = _seal(keyring, content)
    sealed = json.dumps(content | {"seal": seal}, indent=1).encode() + b"\n"
    write_private(draft_file(home, _NAME), sealed)
    return Document(_NAME, event, {"seal": seal, **facts})


def _last_seal(keyring: Keyring) -> str | None:
    seal = None
    for entry in keyring.ledger().entries():
        facts = entry["facts"]
        if entry["event"] in _EVENTS and isinstance(facts, dict):
            seal = str(facts["seal"])
    return seal


def _read(path: Path, keyring: Keyring) -> tuple[str, Custodians]:
    altered = VaultError("custodians_altered", "the custodians' file was altered")
    try:
        content = json.loads(read_private(path))
        seal = content.pop("seal")
        is_ours = hmac.compare_digest(_seal(keyring, content).encode(), seal.encode())
        custodians = _custodians(content)
    except (ValueError, KeyError, TypeError, AttributeError, VaultError):
        raise altered from None
    if not is_ours:
        raise altered
    return seal, custodians


def _seal(keyring: Keyring, content: dict[str, Any]) -> str:
    key = derive(keyring.key_to_read("ledger"), "custodians")
    return token(key, "custodians", json.dumps(content, sort_keys=True)).hex()


def _content(custodians: Custodians) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "opening_public": custodians.opening_public.hex(),
        "request_public": custodians.request_public.hex(),
        "cards": [asdict(card) for card in custodians.cards],
        "halves": [
            {"pair": [name[0], name[1]], "of": name[2], "box": b64encode(box).decode()}
            for name, box in custodians.halves.items()
        ],
    }


def _custodians(content: dict[str, Any]) -> Custodians:
    halves = {
        (half["pair"][0], half["pair"][1], half["of"]): b64decode(half["box"])
        for half in content["halves"]
    }
    return Custodians(
        cards=tuple(Card(**card) for card in content["cards"]),
        opening_public=bytes.fromhex(content["opening_public"]),
        request_public=bytes.fromhex(content["request_public"]),
        halves=halves,
    )
