"""Who wraps the keys of a keyring: the interface, and the two that Parity brings.

A provider does three things and shows no key: it wraps a key, unwraps one, and seals
the keyring file. Two providers hold their wrapping key in the memory of the process:
one makes it from a passphrase by scrypt, one is handed it by systemd as a credential.
A hardware module would hold it outside and do the same three things by command
(docs/how_to/keep_keys.md). keyring.json says which provider made it and takes no
other.

A provider's secret is what opens it: `SecretBytes` is a passphrase, `WrappingKey` a
wrapping key.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from parity.home.errors import HomeError
from parity.home.secret import SecretBytes, WrappingKey
from pseudonymisation.derivation import derive
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.keyed_hash import token
from pseudonymisation.keys import check_key, check_value
from pseudonymisation.passphrase_key import Cost, key_from_passphrase, new_cost

ProviderName = Literal["passphrase", "systemd-credential"]


class KeyProvider(Protocol):
    """What wraps the keys of one keyring."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """The envelope of a 32-byte key, bound to its context. Raises KeyRefused."""

    def unwrap(self, envelope: bytes, context: bytes) -> bytes:
        """The key of an envelope. Raises EnvelopeRefused, KeyRefused."""

    def seal(self, content: str) -> str:
        """A MAC (64 hex digits) of the keyring's content; the same for the same."""


class HeldKey:
    """A provider whose wrapping key is in the memory of this process."""

    def __init__(self, secret: bytes) -> None:
        self._wrapping = derive(secret, "keyring", "wrapping")
        self._sealing = derive(secret, "keyring", "seal")

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """AES-256-GCM under the wrapping key."""
        return seal(self._wrapping, check_key(key), context)

    def unwrap(self, envelope: bytes, context: bytes) -> bytes:
        """The key, which must be a good one still."""
        return check_key(unseal(self._wrapping, envelope, context))

    def seal(self, content: str) -> str:
        """HMAC-SHA-256 under a key of its own."""
        return token(self._sealing, "keyring-seal", content).hex()


@dataclass(frozen=True)
class NewProvider:
    """A provider just made, and what its keyring file must say to open it again."""

    provider: KeyProvider
    told: dict[str, Any]


def provider_name(secret: SecretBytes) -> ProviderName:
    """Which provider a secret opens."""
    return "systemd-credential" if isinstance(secret, WrappingKey) else "passphrase"


def named_provider(told: Mapping[str, Any]) -> ProviderName:
    """Which provider a keyring file names. Raises KeyError or ValueError."""
    name: ProviderName = told["name"]
    if name not in get_args(ProviderName):
        raise ValueError("a provider that this Parity does not know")
    return name


def new_provider(secret: SecretBytes, cost: Cost | None = None) -> NewProvider:
    """The provider of a new keyring. Raises KeyRefused for a weak wrapping key.

    cost: of scrypt; for a passphrase only.
    """
    if isinstance(secret, WrappingKey):
        told: dict[str, Any] = {"name": "systemd-credential"}
        key = check_key(secret.reveal())
    else:
        cost = cost or new_cost()
        scrypt = {"n": cost.n, "r": cost.r, "p": cost.p, "salt": cost.salt.hex()}
        told = {"name": "passphrase", "scrypt": scrypt}
        key = key_from_passphrase(secret.reveal(), cost)
    return NewProvider(HeldKey(key), told | {"check": _check(key)})


def open_provider(told: Mapping[str, Any], secret: SecretBytes) -> KeyProvider:
    """The provider that a keyring file tells of, opened by its secret.

    Raises HomeError: other_key_provider, wrong_passphrase, wrong_wrapping_key;
    KeyRefused for weak parameters; KeyError, TypeError or ValueError when the file says
    it wrongly.
    """
    name, expected = named_provider(told), str(told["check"])
    if name != provider_name(secret):
        raise HomeError(
            "other_key_provider", f"this keyring opens with: {name}, and nothing else"
        )
    key = _OPENERS[name](told, secret)
    if not hmac.compare_digest(_check(key).encode(), expected.encode()):
        code = "wrong_passphrase" if name == "passphrase" else "wrong_wrapping_key"
        raise HomeError(code, f"the {name} is not the one of this home")
    return HeldKey(key)


def _from_passphrase(told: Mapping[str, Any], secret: SecretBytes) -> bytes:
    scrypt = told["scrypt"]
    n, r, p = (int(scrypt[name]) for name in ("n", "r", "p"))
    cost = Cost(salt=bytes.fromhex(scrypt["salt"]), n=n, r=r, p=p)
    return key_from_passphrase(secret.reveal(), cost)


def _from_credential(_: Mapping[str, Any], secret: SecretBytes) -> bytes:
    return check_key(secret.reveal())


_OPENERS: Mapping[ProviderName, Callable[[Mapping[str, Any], SecretBytes], bytes]] = {
    "passphrase": _from_passphrase,
    "systemd-credential": _from_credential,
}


def _check(key: bytes) -> str:
    """Tells a wrong secret from a damaged file; of a key that does nothing else."""
    return check_value(derive(key, "keyring", "passphrase-check"))
