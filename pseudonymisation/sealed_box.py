"""Sealed to somebody's public key: X25519 (RFC 7748), HKDF-SHA-256, no reply expected.

The sender makes a key pair for one occasion, agrees on a secret with the recipient's
public key, and forgets the private half. What was sealed so, the sender cannot open
again. The label of the derived key holds both public keys, so that neither can be
exchanged afterwards.

Two uses: a 64-byte key for a batch of identifiers (pseudonymisation.sealed_identifier),
and a box that holds one value: 32 bytes of public key, then an envelope
(pseudonymisation.envelope).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)

from pseudonymisation.derivation import derive_from_secret
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import EnvelopeRefused, KeyRefused
from pseudonymisation.keys import KEY_BYTES, check_key, generate_key
from pseudonymisation.sealed_identifier import SIV_KEY_BYTES

_BATCH, _BOX = "identifier-batch", "sealed-box"


def new_key_pair() -> tuple[bytes, bytes]:
    """A private and its public key, 32 bytes each."""
    private = generate_key()
    return private, public_key(private)


def public_key(private: bytes) -> bytes:
    """The public key of a private one. Raises KeyRefused."""
    check_key(private)
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def new_batch_key(recipient: bytes) -> tuple[bytes, bytes]:
    """The batch's public key (32 bytes) and its AES-SIV key (64 bytes)."""
    private, public = new_key_pair()
    return public, _agreed(private, recipient, public, recipient, _BATCH, SIV_KEY_BYTES)


def batch_key(private: bytes, batch_public: bytes) -> bytes:
    """The AES-SIV key of a batch, for the holder of the recipient's private key."""
    recipient = public_key(private)
    return _agreed(
        private, batch_public, batch_public, recipient, _BATCH, SIV_KEY_BYTES
    )


def seal_to(recipient: bytes, value: bytes, context: bytes) -> bytes:
    """A box that only the recipient opens, and only in this context."""
    private, public = new_key_pair()
    key = _agreed(private, recipient, public, recipient, _BOX, KEY_BYTES)
    return public + seal(key, value, context)


def open_box(private: bytes, box: bytes, context: bytes) -> bytes:
    """The value of a box. Raises EnvelopeRefused, and says no more than that."""
    recipient = public_key(private)
    public, envelope = box[:KEY_BYTES], box[KEY_BYTES:]
    try:
        key = _agreed(private, public, public, recipient, _BOX, KEY_BYTES)
    except KeyRefused:
        raise EnvelopeRefused("envelope_form", "this is no sealed box") from None
    return unseal(key, envelope, context)


def _agreed(
    private: bytes, other: bytes, sender: bytes, recipient: bytes, use: str, size: int
) -> bytes:
    secret = _shared(private, other)
    return derive_from_secret(secret, size, use, sender, recipient)


def _shared(private: bytes, public: bytes) -> bytes:
    """RFC 7748, 6.1, as it stands; apart so that its published vectors can be run."""
    own = X25519PrivateKey.from_private_bytes(private)
    try:
        return own.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        # Not 32 bytes, or a point of low order, which makes the secret no secret.
        raise KeyRefused("public_key", "that is no usable public key") from None
