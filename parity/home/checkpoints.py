"""Checkpoints of a home's ledger: signed by its own key, held against the ledger.

What belongs here: which keys of the keyring sign and are believed. The text of a
checkpoint is pseudonymisation.ledger_checkpoint's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from parity.home.keyring import Keyring
from pseudonymisation.ledger_chain import Head
from pseudonymisation.ledger_checkpoint import (
    Checkpoint,
    checkpoint_public_key,
    read_checkpoint,
    sign_checkpoint,
)

CHECKPOINT_KEY = "checkpoint"


def make_checkpoint(keyring: Keyring) -> bytes:
    """The text of a checkpoint at the ledger's end, this making being its last entry.

    The whole chain is checked first: a broken ledger gets no checkpoint. Raises
    LedgerBroken, HomeError.
    """
    key, ledger = keyring.key(CHECKPOINT_KEY), keyring.ledger()
    ledger.append("checkpoint_made", version=keyring.version(CHECKPOINT_KEY))
    return sign_checkpoint(key, ledger.verify(), datetime.now(UTC))


def checkpoint_keys(keyring: Keyring) -> tuple[bytes, ...]:
    """The public keys that this home's checkpoints are believed under.

    Those in force and those laid down; never one that is marked as known to others.
    """
    return tuple(
        checkpoint_public_key(keyring.key_to_read(CHECKPOINT_KEY, version))
        for version in keyring.versions_to_read(CHECKPOINT_KEY)
    )


def verify_ledger(keyring: Keyring, texts: Iterable[bytes] = ()) -> Head:
    """Check the ledger's chain and that it passes through these checkpoints.

    Returns the ledger's end. Raises LedgerBroken, for a checkpoint too that this home
    did not sign as it stands.
    """
    heads = [read_own(keyring, text).head for text in texts]
    return keyring.ledger().verify(*heads)


def read_own(keyring: Keyring, text: bytes) -> Checkpoint:
    """The checkpoint in a text that this home signed. Raises LedgerBroken."""
    return read_checkpoint(text, checkpoint_keys(keyring))
