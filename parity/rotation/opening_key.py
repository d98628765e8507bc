"""A new opening key: what was sealed is sealed to it, and the former opens nothing.

What belongs here: the two occasions for one. A custodian is replaced: the one who left
kept halves, and halves that somebody kept must be of no use. Or the key may have been
seen: then the custodians stay. Either takes two custodians. Vault, custodians and the
vault's file key change in one rewriting, whole or not at all. See
docs/decisions/2026-11-25-a-replaced-custodian-is-revoked.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from parity.home import Home
from parity.home.keyring import Keyring
from parity.rewriting import NOBODY, Telling, resume_rewriting, rewrite
from parity.rotation.resealing import OpeningKey, OtherOpeningKey
from parity.vault.custodian_key import Card, CustodianKey
from parity.vault.custodians import Custodians, appointed, cut, opening_key
from parity.vault.custodians_file import draft_renewed
from parity.vault.reidentification.approval import Approval
from parity.vault.reidentification.opening import open_replacement
from parity.vault.reidentification.request import Request
from pseudonymisation.sealed_box import new_key_pair


def rotate_opening_key(
    home: Home,
    keyring: Keyring,
    one: CustodianKey,
    other: CustodianKey,
    telling: Telling = NOBODY,
) -> Mapping[str, int]:
    """A new opening key for the custodians in force; counts of the verification.

    one, other: two different custodians of this home, opened. Raises VaultError,
    RewritingError or HomeError: nothing was changed.
    """
    with home.lock("opening key", telling.waiting):
        resume_rewriting(home, keyring)
        custodians = appointed(home, keyring)
        keyring.ledger().append(
            "opening_key_used",
            reason="opening",
            one=one.card.name,
            other=other.card.name,
        )
        private = opening_key(custodians, one, other)
        return _renew(home, keyring, private, custodians.cards, telling)


def instate(
    home: Home,
    keyring: Keyring,
    request: Request,
    approvals: Sequence[Approval],
    *,
    now: datetime | None = None,
    telling: Telling = NOBODY,
) -> Custodians:
    """Put a new custodian in the place of one who leaves, with a new opening key.

    request: of a replacement, which two custodians approved. now: a test's own clock.
    Raises VaultError; RewritingError or HomeError: nobody was replaced, ask anew.
    """
    with home.lock("custodians", telling.waiting):
        private = open_replacement(home, keyring, request, approvals, now=now)
        new = request.recipient
        card = Card(new.name, new.signing_public, new.opening_public, new.signature)
        custodians = appointed(home, keyring)
        leaving = custodians.card(request.subject)
        cards = [card if each == leaving else each for each in custodians.cards]
        named = {"former": leaving.name, "new": card.name}
        _renew(home, keyring, private, cards, telling, **named)
        return appointed(home, keyring)


def _renew(
    home: Home,
    keyring: Keyring,
    private: bytes,
    cards: Sequence[Card],
    telling: Telling,
    **replaced: str,
) -> Mapping[str, int]:
    former = OpeningKey(private, appointed(home, keyring).opening_public)
    fresh = OpeningKey(*new_key_pair())
    custodians = cut(keyring, cards, fresh.private, fresh.public)
    linkage = keyring.to_rewrite("linkage")[1]
    return rewrite(
        home,
        keyring,
        {"vault": OtherOpeningKey(former, fresh, linkage)},
        "opening",
        derived_goes=False,
        document=draft_renewed(home, keyring, custodians, **replaced),
        telling=telling,
    )
