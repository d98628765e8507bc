"""The keys that make tokens and pseudonyms, and which key serves which domain.

    linkage key --------------------------------> tokens (vault only)
    root key -- warehouse, <domain> ------------> what providers must share
       + epoch key (HKDF salt)
             -- warehouse, <domain>, <provider> -> what a provider's system assigns

A provider's own identifiers are keyed in that provider's domain: two providers that
number alike do not meet, and the table of one provider's keys says nothing of
another's. The epoch has a key of its own: once that is destroyed, nobody can make the
pseudonyms of that epoch again, whoever holds the root key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from pseudonymisation.derivation import derive
from pseudonymisation.encoding import bytes_part
from pseudonymisation.keyed_hash import pseudonym_text_column
from pseudonymisation.keys import check_key

if TYPE_CHECKING:
    from parity.home.keyring import Keyring

PERSON_DOMAIN = "person"

_ZONE = "warehouse"


@dataclass(frozen=True)
class IdentifierKeys:
    """The three keys that no process but the vault's may hold, 32 bytes each.

    epoch: the number of the warehouse's epoch, which is the version of its key.
    """

    root: bytes = field(repr=False)
    linkage: bytes = field(repr=False)
    epoch_key: bytes = field(repr=False)
    epoch: int

    def __post_init__(self) -> None:
        check_key(self.root)
        check_key(self.linkage)
        check_key(self.epoch_key)

    @classmethod
    def of(cls, keyring: Keyring) -> IdentifierKeys:
        """The identifier keys of an unlocked home, of the epoch in force."""
        return cls(
            root=keyring.key("root"),
            linkage=keyring.key("linkage"),
            epoch_key=keyring.key("epoch"),
            epoch=keyring.version("epoch"),
        )

    def of_domain(self, domain: str, provider: str = "") -> bytes:
        """The key of a domain; of one provider, or (blank) one that all share."""
        label = (_ZONE, domain, provider) if provider else (_ZONE, domain)
        return derive(self.root, *label, salt=self.epoch_key)

    def pseudonyms(self, token: pl.Expr, domain: str, provider: str = "") -> pl.Expr:
        """The warehouse pseudonym (UUID text) of each token (Binary); null stays."""
        key = self.of_domain(domain, provider)
        return pseudonym_text_column(key, domain, bytes_part(token))
