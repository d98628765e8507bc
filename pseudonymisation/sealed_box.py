"""Sealed to a public key: whoever seals cannot open again (X25519, RFC 7748).

Each sealing makes a fresh key pair, agrees a secret between it and the recipient's
public key, and forgets its private half. HKDF-SHA-256 turns the secret into the key;
both public keys and the purpose stand in its `info`, so a box given another sender's
half, another recipient or another purpose opens with nothing.

A batch key (64 bytes) seals many identifiers (pseudonymisation.sealed_identifier); of
it only the fresh public key is stored. A box holds one value:

    one byte   the version, 1
    32 bytes   the fresh public key
    the rest   an envelope (pseudonymisation.envelope) under the agreed 32-byte key

The sender is anonymous: a box proves nothing about who made it. Public keys of low
order, which agree on zero with everybody, are refused.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)

from pseudonymisation.derivation import hkdf
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keys import KEY_BYTES, check_key
from pseudonymisation.sealed_identifier import SEALING_KEY_BYTES

PUBLIC_KEY_BYTES = 32

_VERSION = b"\x01"
_HEAD_BYTES = len(_VERSION) + PUBLIC_KEY_BYTES


def new_key_pair() -> tuple[bytes, bytes]:
    """A fresh private and public key, 32 bytes each."""
    private = X25519PrivateKey.generate().private_bytes_raw()
    return private, public_key(private)


def public_key(private: bytes) -> bytes:
    """The public key of a private key."""
    return _private(private).public_key().public_bytes_raw()


def new_batch_key(recipient: bytes) -> tuple[bytes, bytes]:
    """A batch's public key (32 bytes, to store) and its key (64 bytes, to forget).

    recipient: public key. Raises EnvelopeRefused for one that no key pair has.
    """
    fresh, public = new_key_pair()
    return public, _batch_key(_agree(fresh, recipient), public, recipient)


def batch_key(private: bytes, batch_public: bytes) -> bytes:
    """The 64-byte key of a batch, for the recipient. Raises EnvelopeRefused."""
    shared = _agree(private, batch_public)
    return _batch_key(shared, batch_public, public_key(private))


def seal_to(recipient: bytes, value: bytes, context: bytes) -> bytes:
    """A box for one recipient. context: pseudonymisation.encoding.encode(...).

    Raises EnvelopeRefused when the public key is none.
    """
    fresh, public = new_key_pair()
    return _seal_to(fresh, public, recipient, value, context)


def open_box(private: bytes, box: bytes, context: bytes) -> bytes:
    """The value of a box. Raises EnvelopeRefused, and says no more than that."""
    if box[: len(_VERSION)] != _VERSION:
        raise EnvelopeRefused("box_form", "this is no box of version 1")
    public, envelope = box[len(_VERSION) : _HEAD_BYTES], box[_HEAD_BYTES:]
    key = _box_key(_agree(private, public), public, public_key(private))
    return unseal(key, envelope, context)


def _seal_to(
    fresh: bytes, public: bytes, recipient: bytes, value: bytes, context: bytes
) -> bytes:
    key = _box_key(_agree(fresh, recipient), public, recipient)
    return _VERSION + public + seal(key, value, context)


def _batch_key(shared: bytes, public: bytes, recipient: bytes) -> bytes:
    info = encode("agreed-key", "batch", public, recipient)
    return hkdf(shared, None, info, SEALING_KEY_BYTES)


def _box_key(shared: bytes, public: bytes, recipient: bytes) -> bytes:
    info = encode("agreed-key", "box", public, recipient)
    return hkdf(shared, None, info, KEY_BYTES)


def _agree(private: bytes, public: bytes) -> bytes:
    """RFC 7748, 6.1, with its check: a secret of zeros is no secret."""
    own = _private(private)
    try:
        return own.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise EnvelopeRefused("public_key_refused", "that is no public key") from None


def _private(private: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(check_key(private))
