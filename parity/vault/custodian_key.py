"""A custodian's own keys, in a file that the custodian keeps, outside every home.

What belongs here: making and opening such a file, and the card with its public halves
that is handed to the home. One key signs (Ed25519), one opens (X25519); both are
wrapped under a passphrase of the custodian's.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from parity.home.private_files import read_private, write_private
from parity.home.secret import SecretBytes
from parity.vault.errors import VaultError
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import CodedError
from pseudonymisation.keys import KEY_BYTES, check_key, generate_key
from pseudonymisation.passphrase_key import Cost, key_from_passphrase, new_cost
from pseudonymisation.sealed_box import open_box, public_key

_FORMAT = "parity-custodian-1"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Card:
    """Who a custodian is to a home: a name and two public keys (64 hex digits each).

    signature: by the signing key over the rest (128 hex digits), so that no card is
    made up of another person's keys, or altered on its way.
    """

    name: str
    signing_public: str
    opening_public: str
    signature: str

    def __post_init__(self) -> None:
        texts = (self.name, self.signing_public, self.opening_public, self.signature)
        if not all(isinstance(text, str) for text in texts):
            raise no_card()
        keys = (self.signing_public, self.opening_public)
        if not _NAME.fullmatch(self.name) or not all(_is_key(key) for key in keys):
            raise no_card()
        signed = _card_bytes(self.name, *keys)
        if not is_signed(self.signing_public, self.signature, signed):
            raise no_card()


_CARD_FIELDS = tuple(each.name for each in fields(Card))


@dataclass(frozen=True)
class CustodianKey:
    """A custodian's keys, opened. They stay in this process."""

    card: Card
    signing: bytes = field(repr=False)
    opening: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) of a message."""
        return Ed25519PrivateKey.from_private_bytes(self.signing).sign(message)

    def open(self, box: bytes, context: bytes) -> bytes:
        """The value of a box that was sealed to this custodian."""
        return open_box(self.opening, box, context)


def make_custodian_key(
    path: Path, name: str, passphrase: SecretBytes, cost: Cost | None = None
) -> Card:
    """Write a new custodian's file (mode 0600) and return the card.

    Raises VaultError when the file exists or the name is more than a word.
    """
    if path.exists():
        raise VaultError("custodian_exists", "there is a file of that name", 2)
    if not _NAME.fullmatch(name):
        raise VaultError(
            "custodian_name", "a name is a word in lower case: a-z, 0-9, -", 2
        )
    signing, opening = generate_key(), generate_key()
    own = Ed25519PrivateKey.from_private_bytes(signing)
    keys = (own.public_key().public_bytes_raw().hex(), public_key(opening).hex())
    card = Card(name, *keys, own.sign(_card_bytes(name, *keys)).hex())
    cost = cost or new_cost()
    wrapping = key_from_passphrase(passphrase.reveal(), cost)
    content = {
        "format": _FORMAT,
        **asdict(card),
        "scrypt": {"n": cost.n, "r": cost.r, "p": cost.p, "salt": cost.salt.hex()},
        "wrapped": b64encode(
            seal(wrapping, signing + opening, _context(card))
        ).decode(),
    }
    write_private(path, json.dumps(content, indent=1).encode() + b"\n")
    return card


def open_custodian_key(path: Path, passphrase: SecretBytes) -> CustodianKey:
    """Open a custodian's file.

    Raises VaultError: wrong passphrase, or altered; HomeError when others may read it.
    """
    written = read_private(path)
    try:
        content = json.loads(written)
        card = _card_of(content)
        told = content["scrypt"]
        salt = bytes.fromhex(told["salt"])
        cost = Cost(salt=salt, n=told["n"], r=told["r"], p=told["p"])
        wrapping = key_from_passphrase(passphrase.reveal(), cost)
        both = unseal(wrapping, b64decode(content["wrapped"]), _context(card))
    except (ValueError, KeyError, TypeError, CodedError):
        raise VaultError(
            "custodian_refused",
            "the custodian's file does not open: wrong passphrase, or altered",
            2,
        ) from None
    return CustodianKey(card, check_key(both[:KEY_BYTES]), check_key(both[KEY_BYTES:]))


def write_card(path: Path, card: Card) -> None:
    """Write a card: public, and safe to send."""
    write_private(path, json.dumps(asdict(card), indent=1).encode() + b"\n")


def read_card(path: Path) -> Card:
    """A card, from a card's file. Raises VaultError; own_key_file for a private one."""
    try:
        content = json.loads(path.read_bytes())
        card = _card_of(content)
    except (ValueError, KeyError, TypeError, OSError):
        raise no_card() from None
    if "wrapped" in content:
        raise VaultError(
            "own_key_file",
            "that is somebody's own key file, which no home may see: give the .card",
            2,
        )
    return card


def no_card() -> VaultError:
    """The error of what is no card."""
    return VaultError("custodian_card", "this is no custodian's card", 2)


def is_signed(public: str, signature: str, message: bytes) -> bool:
    """Whether a signature (hex) over a message is by a signing key (hex)."""
    if not _SIGNATURE.fullmatch(signature):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def _card_of(content: dict[str, str]) -> Card:
    return Card(**{name: content[name] for name in _CARD_FIELDS})


def _card_bytes(name: str, signing_public: str, opening_public: str) -> bytes:
    return encode("custodian-card", name, signing_public, opening_public)


def _context(card: Card) -> bytes:
    return encode("custodian", *asdict(card).values())


def _is_key(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None
