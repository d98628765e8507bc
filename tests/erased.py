"""A home in which somebody is erased: how it is asked for, and what is left to see."""

from __future__ import annotations

from dataclasses import dataclass, field

from opted_out import MPI, Planted

from parity.home import Home
from parity.home.unlock import Keyring
from parity.intake.sealed_copies import read_copy, sealed_copies
from parity.vault.erasure.erase import erase


@dataclass(frozen=True)
class Filled:
    """A home with three months of two providers landed."""

    home: Home
    keyring: Keyring = field(repr=False)

    def erased(
        self, content: str, dry_run: bool = False, keep_out: bool = False
    ) -> tuple[int, int, bool]:
        """Rows and copies that went (or would), and whether the vault knew them."""
        done = erase(
            self.home, self.keyring, content.encode(), "request", dry_run, keep_out
        )
        return done.landed_rows, done.copies, done.is_known


def by_number(person: Planted) -> str:
    return f'nhs_number = "{person.number}"'


def by_provider(person: Planted) -> str:
    return (
        f'provider = "{person.provider}"\nlocal_identifier = "{person.local}"\n'
        f'birth_date = "{person.birth_date}"'
    )


def numbers_sealed(filled: Filled) -> set[str]:
    """Every NHS number in a sealed submission that still opens."""
    numbers: set[str] = set()
    for copy in sealed_copies(filled.home.landing_sealed):
        persons = read_copy(filled.home, filled.keyring, copy).tables[MPI]
        numbers |= set(persons.get_column("NHSNumber").drop_nulls())
    return numbers
