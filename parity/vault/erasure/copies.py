"""Sealed submissions that name somebody, and their end.

What belongs here: finding them, and sealing the others of that month anew under the
next version of its key. When the former version is destroyed, the copies that name the
person cannot be read any more, in whatever backup they lie. A month that was cut off
half-way is finished when the erasure is done again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from parity.home import Home
from parity.home.keyring import Keyring
from parity.home.reference import Reference
from parity.intake.errors import IntakeError
from parity.intake.retention import destroy_key
from parity.intake.seal import seal_anew
from parity.intake.sealed_copies import (
    key_name,
    key_of_copy,
    months,
    read_copy,
    sealed_copies,
)
from parity.intake.slot import Slot
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.people import PERSONS
from parity.vault.removal.door import row_tokens

_NAMING = ("nhs_token", "local_token", "person_token")
_NO_SLOT = Slot("NOBODY", date(1900, 1, 1), "primary")
_HEADER, _PROVIDER, _FIRST_DAY = "IDS000Header", "OrgIDProv", "ReportingPeriodStartDate"


@dataclass(frozen=True)
class Copies:
    """What was found in the landing zone.

    naming: copies that name the person, by month. unread: copies that could not be
    looked through, or by NHS number alone: nobody can read them, or their header says
    no provider. They end with their month.
    """

    naming: Mapping[str, Sequence[Path]] = field(repr=False)
    unread: int

    @property
    def count(self) -> int:
        """How many copies name the person."""
        return sum(len(copies) for copies in self.naming.values())


def find_copies(
    home: Home, keyring: Keyring, keys: IdentifierKeys, tokens: pl.Series
) -> Copies:
    """Look through every sealed copy, quarantine included."""
    reference = Reference.load(home.reference)
    naming: dict[str, list[Path]] = {}
    unread = 0
    for copy in _all_copies(home):
        try:
            tables = read_copy(home, keyring, copy).tables
        except IntakeError:
            unread += 1
            continue
        slot = _slot(tables)
        unread += slot == _NO_SLOT
        known = row_tokens(tables[PERSONS], slot, keys, reference, home.kind)
        theirs = pl.any_horizontal(
            pl.col(name).is_in(tokens.implode()).fill_null(value=False)
            for name in _NAMING
        )
        if known.filter(theirs).height:
            naming.setdefault(copy.parent.name, []).append(copy)
    return Copies(naming, unread)


def end_copies(home: Home, keyring: Keyring, copies: Copies) -> None:
    """Destroy the copies that name the person; the others of their months stay."""
    for month in sorted({*copies.naming, *_unfinished(home, keyring)}):
        _seal_month_anew(home, keyring, month, copies.naming.get(month, ()))


def _seal_month_anew(
    home: Home, keyring: Keyring, month: str, naming: Sequence[Path]
) -> None:
    version = keyring.rotate(key_name(month))
    key = keyring.key(key_name(month))
    for copy in _all_copies(home):
        if copy.parent.name != month:
            continue
        if copy in naming:
            copy.unlink()
            copy.with_suffix(".reason.txt").unlink(missing_ok=True)
        else:
            seal_anew(copy, key_of_copy(keyring, copy), key)
    destroy_key(keyring, month, but=version)


def _unfinished(home: Home, keyring: Keyring) -> set[str]:
    """Months with more than one version of their key: they were cut off."""
    known = {*months(home.landing_sealed), *months(home.landing_quarantine)}
    return {m for m in known if len(keyring.versions_to_read(key_name(m))) > 1}


def _all_copies(home: Home) -> list[Path]:
    return [
        *sealed_copies(home.landing_sealed),
        *sealed_copies(home.landing_quarantine),
    ]


def _slot(tables: Mapping[str, pl.DataFrame]) -> Slot:
    """The slot as the header gives it: the copy does not keep the file's name.

    _NO_SLOT where it gives none; then people are still known by number.
    """
    header = tables[_HEADER].select(_PROVIDER, _FIRST_DAY)
    provider, first_day = header.row(0) if header.height else ("", "")
    try:
        return Slot.from_name(f"{provider}_{str(first_day)[:7]}_primary")
    except IntakeError:
        return _NO_SLOT
