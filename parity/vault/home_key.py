"""The key with which a home signs what it asks of its custodians.

Derived from the ledger's key, which stays as it is for as long as the home lives: the
halves that custodians hold are bound to its public half.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parity.home.unlock import Keyring
from pseudonymisation.derivation import derive


def home_public(keyring: Keyring) -> bytes:
    """The public half, 32 bytes."""
    return _key(keyring).public_key().public_bytes_raw()


def sign_as_home(keyring: Keyring, message: bytes) -> bytes:
    """The home's signature (Ed25519, 64 bytes) of a message."""
    return _key(keyring).sign(message)


def request_hash_key(keyring: Keyring) -> bytes:
    """The key of the keyed hash by which the ledger names a request, 32 bytes."""
    return derive(keyring.key_to_read("ledger"), "reidentification", "hash")


def _key(keyring: Keyring) -> Ed25519PrivateKey:
    seed = derive(keyring.key_to_read("ledger"), "reidentification", "signing")
    return Ed25519PrivateKey.from_private_bytes(seed)
