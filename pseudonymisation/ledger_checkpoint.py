"""A checkpoint: the end of a ledger, signed, to be kept where the ledger is not.

A chain cannot show that its end was cut off. Who kept a checkpoint can: the chain must
still pass through it. The signature (Ed25519, RFC 8032) is made by the home that keeps
the ledger, so that nobody else can make a checkpoint in its name and no kept one can be
altered. It is a small JSON text, checked byte for byte: one content has one text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from pseudonymisation.encoding import encode
from pseudonymisation.errors import LedgerBroken
from pseudonymisation.keys import check_key
from pseudonymisation.ledger_chain import Head

_FORMAT = "parity-ledger-checkpoint-1"
_TAG = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Checkpoint:
    """An end of a ledger as its home signed it. at: an instant, ISO 8601."""

    head: Head
    at: str
    public_key: bytes


def checkpoint_public_key(key: bytes) -> bytes:
    """The 32 bytes by which the checkpoints of a signing key are known."""
    return _signer(key).public_key().public_bytes_raw()


def sign_checkpoint(key: bytes, head: Head, at: datetime) -> bytes:
    """The text of a checkpoint. key: the home's 32-byte signing key."""
    checkpoint = Checkpoint(
        head, at.isoformat(timespec="seconds"), checkpoint_public_key(key)
    )
    return _text(checkpoint, _signer(key).sign(_message(checkpoint)))


def read_checkpoint(text: bytes, public_keys: Collection[bytes]) -> Checkpoint:
    """The checkpoint in a text, if one of these keys signed it. Raises LedgerBroken.

    checkpoint_unreadable: this is no checkpoint. checkpoint_foreign: of another home,
    or under a key that is no longer trusted. checkpoint_altered: the signature does not
    hold.
    """
    checkpoint, signature = _parsed(text)
    if checkpoint.public_key not in public_keys:
        raise LedgerBroken("checkpoint_foreign", "this home did not sign it")
    try:
        signer = Ed25519PublicKey.from_public_bytes(checkpoint.public_key)
        signer.verify(signature, _message(checkpoint))
    except (InvalidSignature, ValueError):
        raise LedgerBroken("checkpoint_altered", "it is not as it was signed") from None
    return checkpoint


def _signer(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(check_key(key))


def _message(checkpoint: Checkpoint) -> bytes:
    head = checkpoint.head
    return encode(
        "ledger-checkpoint",
        str(head.count),
        head.tag,
        checkpoint.at,
        checkpoint.public_key,
    )


def _text(checkpoint: Checkpoint, signature: bytes) -> bytes:
    said = {
        "format": _FORMAT,
        "count": checkpoint.head.count,
        "tag": checkpoint.head.tag,
        "at": checkpoint.at,
        "public_key": checkpoint.public_key.hex(),
        "signature": signature.hex(),
    }
    return json.dumps(said, indent=1).encode("ascii") + b"\n"


def _parsed(text: bytes) -> tuple[Checkpoint, bytes]:
    try:
        said = json.loads(text)
        head = Head(int(said["count"]), str(said["tag"]))
        public_key = bytes.fromhex(said["public_key"])
        checkpoint = Checkpoint(head, str(said["at"]), public_key)
        signature = bytes.fromhex(said["signature"])
    except (ValueError, KeyError, TypeError):
        raise _unreadable() from None
    if text != _text(checkpoint, signature) or not _TAG.fullmatch(head.tag):
        raise _unreadable()
    return checkpoint, signature


def _unreadable() -> LedgerBroken:
    return LedgerBroken("checkpoint_unreadable", "this is no checkpoint of a ledger")
