"""Making a request: what the home puts before its custodians.

What belongs here: checking what is asked, the request's own key pair, the home's
signature, and the ledger's entry, which names the request by its random id and a keyed
hash.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from parity.access.rekeying import project_epoch
from parity.home import Home
from parity.home.unlock import Keyring
from parity.vault.custodian_key import Card, read_card
from parity.vault.custodians import appointed, check_three
from parity.vault.errors import VaultError
from parity.vault.home_key import request_hash_key, sign_as_home
from parity.vault.reidentification.records import read_records
from parity.vault.reidentification.request import (
    LONGEST_HOURS,
    WAREHOUSE,
    WORD,
    Act,
    Recipient,
    Request,
    checked_pseudonym,
    checked_text,
)
from pseudonymisation.encoding import encode
from pseudonymisation.errors import KeyRefused
from pseudonymisation.keyed_hash import token
from pseudonymisation.sealed_box import public_key, seal_to

_PACKAGE = "package:"


def ask(
    home: Home,
    keyring: Keyring,
    pseudonym: str,
    *,
    purpose: str,
    legal_basis: str,
    recipient: Recipient,
    hours: int,
    role: str | None = None,
    purpose_code: str = "other",
) -> Request:
    """A request to name the person behind one pseudonym.

    role: of the package that the pseudonym stands in; None is the warehouse. hours: how
    long it may be approved and opened, 1 to 72. purpose_code: a word for the ledger,
    which takes no free text. Raises VaultError; HomeError when the role has no package.
    """
    return _asked(
        home,
        keyring,
        act="reidentify",
        subject=checked_pseudonym(pseudonym),
        source=WAREHOUSE if role is None else f"{_PACKAGE}{role}",
        purpose_code=purpose_code,
        purpose=purpose,
        legal_basis=legal_basis,
        recipient=recipient,
        hours=hours,
    )


def ask_replacement(
    home: Home,
    keyring: Keyring,
    former: str,
    card: Card,
    *,
    purpose: str,
    legal_basis: str,
    hours: int,
) -> Request:
    """A request to put the holder of a card in the place of a custodian."""
    custodians = appointed(home, keyring)
    leaving = custodians.card(former)
    check_three([card, *(each for each in custodians.cards if each != leaving)])
    return _asked(
        home,
        keyring,
        act="replace",
        subject=former,
        source="custodians",
        purpose_code="replacement",
        purpose=purpose,
        legal_basis=legal_basis,
        recipient=Recipient(
            card.name, card.opening_public, card.signing_public, card.signature
        ),
        hours=hours,
    )


def read_recipient(path: Path) -> Recipient:
    """A recipient from a card, or from a file of 64 hex digits: an X25519 public key.

    Raises VaultError: recipient_key.
    """
    try:
        bare = path.read_text("ascii").strip()
        if len(bytes.fromhex(bare)) == 32:
            return _usable(Recipient("", bare.lower()))
    except (ValueError, OSError):
        pass
    card = read_card(path)
    return _usable(Recipient(card.name, card.opening_public, card.signing_public))


def source_epoch(keyring: Keyring, source: str) -> int:
    """The epoch of the pseudonyms of a request's source. Raises HomeError."""
    if source.startswith(_PACKAGE):
        return project_epoch(keyring, source.removeprefix(_PACKAGE))
    return keyring.version("epoch")


def hash_of(keyring: Keyring, request: Request) -> str:
    """The keyed hash of a request, as the ledger holds it: 64 hex digits."""
    return token(
        request_hash_key(keyring), "reidentification-request", request.canonical()
    ).hex()


def _asked(
    home: Home,
    keyring: Keyring,
    *,
    act: Act,
    subject: str,
    source: str,
    purpose_code: str,
    purpose: str,
    legal_basis: str,
    recipient: Recipient,
    hours: int,
) -> Request:
    purpose = checked_text("purpose", purpose)
    legal_basis = checked_text("legal_basis", legal_basis)
    _usable(recipient)
    if not WORD.fullmatch(purpose_code):
        raise VaultError("purpose_code", "a purpose's code is a word", 2)
    if not 1 <= hours <= LONGEST_HOURS:
        raise VaultError("request_hours", "a request is open for 1 to 72 hours", 2)
    with home.lock("reidentification"):
        custodians = appointed(home, keyring)
        records = read_records(keyring)
        records.forget_expired(keyring)
        created = records.now.replace(microsecond=0)
        draft = Request(
            request_id=str(uuid4()),
            act=act,
            subject=subject,
            source=source,
            epoch=source_epoch(keyring, source),
            purpose_code=purpose_code,
            purpose=purpose,
            legal_basis=legal_basis,
            recipient=recipient,
            created_at=_written(created),
            expires_at=_written(created + timedelta(hours=hours)),
            one_time_public="",
            opening_public=custodians.opening_public.hex(),
            request_public=custodians.request_public.hex(),
            halves=custodians.halves,
        )
        one_time = public_key(keyring.generate(draft.key_name, "exchange"))
        unsigned = replace(draft, one_time_public=one_time.hex())
        signature = sign_as_home(keyring, unsigned.canonical())
        request = replace(unsigned, signature=signature.hex())
        request.check_signature()
        keyring.ledger().append(
            "reidentification_requested",
            request=request.request_id,
            hash=hash_of(keyring, request),
            act=act,
            purpose=purpose_code,
        )
    return request


def _usable(recipient: Recipient) -> Recipient:
    """A key of low order would seal to everybody. Raises VaultError."""
    try:
        seal_to(bytes.fromhex(recipient.opening_public), b"", encode("trial"))
    except (KeyRefused, ValueError):
        raise VaultError(
            "recipient_key", "that is no public key that can be sealed to", 2
        ) from None
    return recipient


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
