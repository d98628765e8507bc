"""The three custodians of a home, any two of whom together can open an identifier.

What belongs here: who they are, and the opening key. Its public half seals identifiers
as they arrive. Its private half is cut in halves for each pair of custodians when it is
made (pseudonymisation.shares), each half sealed to its custodian, and forgotten: no
home holds it. See docs/decisions/2026-11-24-halves-for-each-pair.md; how a new one
takes its place, parity.rotation.opening_key.

A synthetic home makes up its three custodians; a live home has none until they are
appointed, and takes nothing in before.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from itertools import combinations

from parity.home import Home
from parity.home.unlock import Keyring
from parity.vault.custodian_key import Card, CustodianKey
from parity.vault.custodians_file import (
    Custodians,
    HalfName,
    appoint_custodians,
    custodians_file,
    not_a_custodian,
    read_custodians,
)
from parity.vault.errors import VaultError
from parity.vault.home_key import home_public
from parity.vault.made_up_custodians import made_up_custodians, make_up_custodians
from pseudonymisation.encoding import encode
from pseudonymisation.errors import KeyRefused
from pseudonymisation.sealed_box import new_key_pair, public_key, seal_to
from pseudonymisation.shares import join, split

__all__ = [
    "CUSTODIANS",
    "Custodians",
    "HalfName",
    "appoint",
    "appointed",
    "check_three",
    "custodians_file",
    "cut",
    "half_context",
    "joined",
    "made_up_custodians",
    "not_a_custodian",
    "opening_key",
    "two_made_up",
]

CUSTODIANS = 3


def appointed(home: Home, keyring: Keyring) -> Custodians:
    """The custodians of a home. Raises VaultError: none appointed, altered or lost."""
    found = read_custodians(home, keyring)
    if found is not None:
        return found
    if home.kind == "live":
        raise VaultError(
            "no_custodians",
            "a live home needs three custodians first: parity reidentify appoint",
            2,
        )
    return appoint(home, keyring, make_up_custodians(home))


def appoint(home: Home, keyring: Keyring, cards: Sequence[Card]) -> Custodians:
    """Appoint three custodians, once, and make the opening key. Raises VaultError."""
    with home.lock("custodians"):
        if read_custodians(home, keyring) is not None:
            raise VaultError("custodians_appointed", "this home has its custodians", 2)
        custodians = cut(keyring, cards, *new_key_pair())
        appoint_custodians(home, keyring, custodians)
    return custodians


def two_made_up(home: Home, keyring: Keyring) -> tuple[CustodianKey, CustodianKey]:
    """Two custodians in force whom a synthetic home made up, opened.

    They are made up now when there are none. Raises VaultError: not_made_up for a live
    home; made_up_replaced when fewer than two are left.
    """
    cards = appointed(home, keyring).cards
    left = [key for key in made_up_custodians(home) if key.card in cards]
    if len(left) < 2:
        raise VaultError(
            "made_up_replaced",
            "the custodians that this home made up were replaced: give two others",
            2,
        )
    return left[0], left[1]


def cut(
    keyring: Keyring, cards: Sequence[Card], private: bytes, public: bytes
) -> Custodians:
    """Custodians for whom an opening key is cut in halves. Raises VaultError."""
    check_three(cards)
    request_public = home_public(keyring)
    halves: dict[HalfName, bytes] = {}
    for pair in combinations(sorted(cards, key=lambda card: card.name), 2):
        for card, half in zip(pair, split(private), strict=True):
            name = (pair[0].name, pair[1].name, card.name)
            context = half_context(name, public, request_public)
            halves[name] = seal_to(bytes.fromhex(card.opening_public), half, context)
    return Custodians(tuple(cards), public, request_public, halves)


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
            raise not_a_custodian()
    if one.card == other.card:
        raise VaultError("one_custodian", "two different custodians are needed", 1)
    first, second = sorted((one, other), key=lambda each: each.card.name)
    halves = []
    for custodian in (first, second):
        name = (first.card.name, second.card.name, custodian.card.name)
        context = half_context(
            name, custodians.opening_public, custodians.request_public
        )
        halves.append(custodian.open(custodians.halves[name], context))
    return joined(custodians, *halves)


def joined(custodians: Custodians, first: bytes, second: bytes) -> bytes:
    """The opening key of two halves. Raises KeyRefused when it is not this home's."""
    private = join(first, second)
    if not hmac.compare_digest(public_key(private), custodians.opening_public):
        raise KeyRefused("share_refused", "these are not halves of this home's key")
    return private


def check_three(cards: Sequence[Card]) -> None:
    """Raise VaultError unless these are three people with keys of their own."""
    names = {card.name for card in cards}
    keys = {key for card in cards for key in (card.signing_public, card.opening_public)}
    if (len(cards), len(names), len(keys)) != (CUSTODIANS, CUSTODIANS, 2 * CUSTODIANS):
        raise VaultError(
            "custodians_three",
            "three different people, each with a name and keys of their own",
            2,
        )


def half_context(name: HalfName, opening_public: bytes, request_public: bytes) -> bytes:
    """What a sealed half is bound to.

    With the key that checks the home's requests: a custodian's half opens for a request
    that this home signed, and for no other.
    """
    return encode("custodian-half", *name, opening_public, request_public)
