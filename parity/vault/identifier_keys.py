"""The keys that make tokens and pseudonyms, and which key serves which domain.

    linkage key ------------------------------> tokens of people (vault only)
    root key -- warehouse, person, epoch -----> people in the warehouse
             -- warehouse, <domain>, <provider>, epoch
                                    ----------> what a provider's system assigns
             -- warehouse, <domain>, epoch ---> what providers must share

A provider's own identifiers are keyed in that provider's domain: two providers that
number alike do not meet, and the table of one provider's keys says nothing of
another's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pseudonymisation.derivation import derive
from pseudonymisation.keys import check_key

if TYPE_CHECKING:
    from parity.home.keyring import Keyring

EPOCH = "epoch-1"

PERSON_DOMAIN = "person"

_ZONE = "warehouse"


@dataclass(frozen=True)
class IdentifierKeys:
    """The two keys that no process but the vault's may hold, 32 bytes each."""

    root: bytes = field(repr=False)
    linkage: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_key(self.root)
        check_key(self.linkage)

    @classmethod
    def of(cls, keyring: Keyring) -> IdentifierKeys:
        """The identifier keys of an unlocked home."""
        return cls(root=keyring.key("root"), linkage=keyring.key("linkage"))

    @property
    def person(self) -> bytes:
        """The key that turns a person's token into the warehouse's person."""
        return self.shared(PERSON_DOMAIN)

    def shared(self, domain: str) -> bytes:
        """The key of a domain that all providers share."""
        return derive(self.root, _ZONE, domain, EPOCH)

    def of_provider(self, domain: str, provider: str) -> bytes:
        """The key of a domain of one provider."""
        return derive(self.root, _ZONE, domain, provider, EPOCH)
