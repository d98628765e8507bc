"""The three custodians of a home, any two of whom together can open an identifier.

What belongs here: who they are, and the opening key. Its public half seals identifiers
as they arrive. Its private half is made once, cut in halves for each pair of custodians
(pseudonymisation.shares), each half sealed to its custodian, and forgotten: no home
holds it. See docs/decisions/2026-11-24-halves-for-each-pair.md.

A synthetic home makes up its three custodians; a live home has none until they are
appointed, and takes nothing in before.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from parity.home import Home
from parity.home.private_files import make_folder, read_private, write_private
from parity.home.secret import SecretBytes
from parity.home.unlock import Keyring
from parity.vault.custodian_key import (
    Card,
    CustodianKey,
    make_custodian_key,
    open_custodian_key,
)
from parity.vault.errors import VaultError
from pseudonymisation.derivation import derive
from pseudonymisation.encoding import encode
from pseudonymisation.errors import KeyRefused
from pseudonymisation.keyed_hash import token
from pseudonymisation.passphrase_key import new_cost
from pseudonymisation.sealed_box import new_key_pair, public_key, seal_to
from pseudonymisation.shares import join, split

CUSTODIANS = 3

_FORMAT = "parity-custodians-1"
_MADE_UP = ("custodian-one", "custodian-two", "custodian-three")
_LOWEST_COST = 2**15  # their passphrases are 256 random bits

# Names of a pair, in order, and whose half it is.
HalfName = tuple[str, str, str]


@dataclass(frozen=True)
class Custodians:
    """Those appointed. halves: sealed boxes, one for each member of each pair."""

    cards: tuple[Card, ...]
    opening_public: bytes
    halves: Mapping[HalfName, bytes] = field(repr=False)

    def card(self, name: str) -> Card:
        """The card of a custodian of this home. Raises VaultError."""
        for card in self.cards:
            if card.name == name:
                return card
        raise VaultError("not_a_custodian", "that is no custodian of this home")


def appointed(home: Home, keyring: Keyring) -> Custodians:
    """The custodians of a home. Raises VaultError: none appointed, or altered."""
    path = custodians_file(home)
    if not path.exists():
        if home.kind == "live":
            raise VaultError(
                "no_custodians",
                "a live home needs three custodians: parity reidentify appoint",
            )
        return appoint(home, keyring, _made_up(home))
    try:
        content = json.loads(read_private(path))
        expected = content.pop("seal")
        if not hmac.compare_digest(_seal(keyring, content).encode(), expected.encode()):
            raise VaultError("custodians_altered", "the custodians' file was altered")
        return _read(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise VaultError(
            "custodians_altered", "the custodians' file was altered"
        ) from None


def appoint(home: Home, keyring: Keyring, cards: Sequence[Card]) -> Custodians:
    """Appoint three custodians, once, and make the opening key. Raises VaultError."""
    if custodians_file(home).exists():
        raise VaultError("custodians_appointed", "this home has its custodians")
    private, public = new_key_pair()
    return write_custodians(home, keyring, cards, private, public)


def write_custodians(
    home: Home, keyring: Keyring, cards: Sequence[Card], private: bytes, public: bytes
) -> Custodians:
    """Cut the opening key anew for these custodians. The ledger comes first."""
    names = {card.name for card in cards}
    keys = {key for card in cards for key in (card.signing_public, card.opening_public)}
    if (
        len(cards) != CUSTODIANS
        or len(names) != CUSTODIANS
        or len(keys) != 2 * CUSTODIANS
    ):
        raise VaultError(
            "custodians_three", "three different people, each with keys of their own"
        )
    halves: dict[HalfName, bytes] = {}
    for pair in combinations(sorted(cards, key=lambda card: card.name), 2):
        for card, half in zip(pair, split(private), strict=True):
            name = (pair[0].name, pair[1].name, card.name)
            opening = bytes.fromhex(card.opening_public)
            halves[name] = seal_to(opening, half, half_context(name, public))
    custodians = Custodians(tuple(cards), public, halves)
    content = _content(custodians)
    keyring.ledger().append("custodians_appointed", custodians=len(cards))
    sealed = content | {"seal": _seal(keyring, content)}
    write_private(custodians_file(home), json.dumps(sealed, indent=1).encode() + b"\n")
    return custodians


def opening_key(
    custodians: Custodians, one: CustodianKey, other: CustodianKey
) -> bytes:
    """The opening key (32 bytes), from two different custodians of a home.

    For what changes the vault as a whole; a question about one person goes through
    parity.vault.reidentification. Raises VaultError: not_a_custodian, one_custodian;
    EnvelopeRefused and KeyRefused for halves that are not what was appointed.
    """
    for custodian in (one, other):
        if custodians.card(custodian.card.name) != custodian.card:
            raise VaultError("not_a_custodian", "that is no custodian of this home")
    if one.card == other.card:
        raise VaultError("one_custodian", "two different custodians are needed")
    first, second = sorted((one, other), key=lambda each: each.card.name)
    halves = []
    for custodian in (first, second):
        name = (first.card.name, second.card.name, custodian.card.name)
        context = half_context(name, custodians.opening_public)
        halves.append(custodian.open(custodians.halves[name], context))
    return joined(custodians, *halves)


def joined(custodians: Custodians, first: bytes, second: bytes) -> bytes:
    """The opening key of two halves. Raises KeyRefused when it is not this home's."""
    private = join(first, second)
    if not hmac.compare_digest(public_key(private), custodians.opening_public):
        raise KeyRefused("share_refused", "these are not halves of this home's key")
    return private


def made_up_custodians(home: Home) -> list[CustodianKey]:
    """The custodians that a synthetic home made up, opened. Raises VaultError."""
    if home.kind != "synthetic":
        raise VaultError("not_made_up", "a live home has no made-up custodians")
    folder = made_up_folder(home)
    return [
        open_custodian_key(
            folder / f"{name}.json",
            SecretBytes(read_private(folder / f"{name}-passphrase").strip()),
        )
        for name in _MADE_UP
    ]


def custodians_file(home: Home) -> Path:
    """Where a home keeps its custodians' cards and the sealed halves."""
    return home.vault / "custodians.json"


def half_context(name: HalfName, opening_public: bytes) -> bytes:
    """What a sealed half is bound to."""
    return encode("custodian-half", *name, opening_public)


def made_up_folder(home: Home) -> Path:
    """Where a synthetic home keeps its made-up custodians and their passphrases."""
    return home.operations / "custodians"


def _made_up(home: Home) -> list[Card]:
    folder = make_folder(made_up_folder(home))
    cards = []
    for name in _MADE_UP:
        passphrase = secrets.token_urlsafe(32).encode("ascii")
        write_private(folder / f"{name}-passphrase", passphrase + b"\n")
        path = folder / f"{name}.json"
        path.unlink(missing_ok=True)  # of an appointment that was not finished
        secret = SecretBytes(passphrase)
        cards.append(make_custodian_key(path, name, secret, new_cost(_LOWEST_COST)))
    return cards


def _seal(keyring: Keyring, content: dict[str, Any]) -> str:
    key = derive(keyring.key("ledger"), "custodians")
    return token(key, "custodians", json.dumps(content, sort_keys=True)).hex()


def _content(custodians: Custodians) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "opening_public": custodians.opening_public.hex(),
        "cards": [asdict(card) for card in custodians.cards],
        "halves": [
            {"pair": [name[0], name[1]], "of": name[2], "box": b64encode(box).decode()}
            for name, box in custodians.halves.items()
        ],
    }


def _read(content: dict[str, Any]) -> Custodians:
    halves = {
        (half["pair"][0], half["pair"][1], half["of"]): b64decode(half["box"])
        for half in content["halves"]
    }
    cards = tuple(Card(**card) for card in content["cards"])
    return Custodians(cards, bytes.fromhex(content["opening_public"]), halves)
