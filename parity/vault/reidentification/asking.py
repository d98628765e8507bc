"""Making a request: what the home puts before its custodians.

What belongs here: checking what is asked, and that the pseudonym names somebody; the
request's own key pair, the home's signature, and the ledger's entry, which names the
request by its random id and a keyed hash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from parity.access.rekeying import project_epoch
from parity.home import Home
from parity.home.unlock import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.custodian_key import Card, read_card
from parity.vault.custodians import appointed, check_three
from parity.vault.errors import VaultError
from parity.vault.home_key import request_hash_key, sign_as_home
from parity.vault.reidentification.records import REFUSED, REQUESTED, read_records
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
from parity.vault.reidentification.subject import tokens_of
from parity.vault.store import Vault
from pseudonymisation.encoding import encode
from pseudonymisation.errors import KeyRefused
from pseudonymisation.keyed_hash import token
from pseudonymisation.sealed_box import public_key, seal_to

_PACKAGE = "package:"
_CUSTODIANS = "custodians"


@dataclass(frozen=True)
class Terms:
    """On what terms something is asked.

    purpose, legal_basis: a line each, for the custodians to read. hours: how long it
    may be approved and opened, 1 to 72. purpose_code: a word for the ledger, which
    takes no free text.
    """

    purpose: str
    legal_basis: str
    hours: int
    purpose_code: str = "other"

    def checked(self) -> Terms:
        """The same with its texts stripped. Raises VaultError."""
        if not WORD.fullmatch(self.purpose_code):
            raise VaultError("purpose_code", "a purpose's code is a word", 2)
        if not 1 <= self.hours <= LONGEST_HOURS:
            raise VaultError("request_hours", "a request is open for 1 to 72 hours", 2)
        return replace(
            self,
            purpose=checked_text("purpose", self.purpose),
            legal_basis=checked_text("legal_basis", self.legal_basis),
        )


def ask(
    home: Home,
    keyring: Keyring,
    pseudonym: str,
    terms: Terms,
    recipient: Recipient,
    role: str | None = None,
) -> Request:
    """A request to name the person behind one pseudonym.

    role: of the package that the pseudonym stands in; None is the warehouse. Raises
    VaultError, not_found among them; HomeError when the role has no package.
    """
    subject = checked_pseudonym(pseudonym)
    source = WAREHOUSE if role is None else f"{_PACKAGE}{role}"
    terms = terms.checked()
    _usable(recipient)
    with home.lock("reidentification"):
        resume_rewriting(home, keyring)
        appointed(home, keyring)  # a home that was never set up says so first
        source_epoch(keyring, source)
        _check_known(home, keyring, subject, source)
        return _asked(home, keyring, "reidentify", subject, source, terms, recipient)


def ask_replacement(
    home: Home, keyring: Keyring, former: str, card: Card, terms: Terms
) -> Request:
    """A request to put the holder of a card in the place of a custodian."""
    terms = replace(terms, purpose_code="replacement").checked()
    recipient = _usable(
        Recipient(card.name, card.opening_public, card.signing_public, card.signature)
    )
    with home.lock("reidentification"):
        resume_rewriting(home, keyring)
        custodians = appointed(home, keyring)
        leaving = custodians.card(former)
        check_three([card, *(each for each in custodians.cards if each != leaving)])
        return _asked(home, keyring, "replace", former, _CUSTODIANS, terms, recipient)


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


def _check_known(home: Home, keyring: Keyring, subject: str, source: str) -> None:
    """Raise VaultError, and enter it, when a pseudonym names nobody."""
    with Vault.open(home, keyring.key("vault")) as vault:
        try:
            tokens_of(vault.connection, keyring, subject, source)
        except VaultError as error:
            keyring.ledger().append(REFUSED, reason=error.code)
            raise


def _asked(
    home: Home,
    keyring: Keyring,
    act: Act,
    subject: str,
    source: str,
    terms: Terms,
    recipient: Recipient,
) -> Request:
    custodians = appointed(home, keyring)
    records = read_records(keyring)
    records.check_clock()
    records.forget_expired(keyring)
    created = records.clock.replace(microsecond=0)
    draft = Request(
        request_id=str(uuid4()),
        act=act,
        subject=subject,
        source=source,
        epoch=source_epoch(keyring, source),
        purpose_code=terms.purpose_code,
        purpose=terms.purpose,
        legal_basis=terms.legal_basis,
        recipient=recipient,
        created_at=_written(created),
        expires_at=_written(created + timedelta(hours=terms.hours)),
        one_time_public="",
        opening_public=custodians.opening_public.hex(),
        request_public=custodians.request_public.hex(),
        halves=custodians.halves,
    )
    return _signed(keyring, draft)


def _signed(keyring: Keyring, draft: Request) -> Request:
    """With its own key and the home's signature, and entered in the ledger."""
    one_time = public_key(keyring.generate(draft.key_name, "exchange"))
    unsigned = replace(draft, one_time_public=one_time.hex())
    signature = sign_as_home(keyring, unsigned.canonical())
    request = replace(unsigned, signature=signature.hex())
    request.check_signature()
    keyring.ledger().append(
        REQUESTED,
        request=request.request_id,
        hash=hash_of(keyring, request),
        act=request.act,
        purpose=request.purpose_code,
        expires=request.expires_at,
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
