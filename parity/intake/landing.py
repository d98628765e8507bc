"""From rows that the rules kept to the vault and the landed store.

What belongs here: who is kept out at the door, and what the vault is told before rows
land. The order of a whole submission is parity.intake.submit's; rows that come back to
one that has landed are parity.intake.returning's. Both go through here, so that
whatever lands is known to the vault first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import polars as pl

from parity.home import Home
from parity.home.reference import Reference
from parity.home.settings import read_settings
from parity.home.unlock import Keyring
from parity.intake.slot import Slot
from parity.specification import Specification
from parity.vault.identifier_counts import identifier_counts
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.link_changes import Links, note_links
from parity.vault.opt_out.numbers import remember
from parity.vault.people import NHS_NUMBER, PERSONS
from parity.vault.pseudonymise import Landed
from parity.vault.removal.door import read_kept_out, refused_rows
from parity.vault.removal.short import note_short
from parity.vault.store import Vault
from parity.warehouse.landed import LandedStore


@dataclass(frozen=True)
class Intake:
    """One submission on its way in. path: the file or folder, or its sealed copy."""

    home: Home
    keyring: Keyring
    specification: Specification
    reference: Reference
    path: Path
    slot: Slot
    received_at: datetime
    opening_public: bytes


@dataclass(frozen=True)
class Known:
    """The crosswalk once the vault knows a submission.

    links, apart: of Vault.person_links and records_apart. counts: of the person
    records, by code (parity.vault.identifier_counts).
    """

    links: pl.DataFrame = field(repr=False)
    apart: pl.DataFrame = field(repr=False)
    counts: Mapping[str, int]


def refused_at_the_door(
    intake: Intake, persons: pl.DataFrame, keys: IdentifierKeys, strictly: bool = False
) -> pl.DataFrame:
    """row_number of the records of people who are kept out of this home."""
    home = intake.home
    if not home.vault_file.exists():
        return persons.select("row_number").clear()
    opt_outs_count = read_settings(home).opt_out.gate == "required"
    with Vault.open(home, intake.keyring.key("vault")) as vault:
        out = read_kept_out(vault.connection, opt_outs_count)
    return refused_rows(
        persons, intake.slot, keys, intake.reference, home.kind, out, strictly
    )


def make_known(
    intake: Intake,
    store: LandedStore,
    landed: Landed,
    persons: pl.DataFrame,
    short: UUID | None = None,
) -> Known:
    """Tell the vault, before the rows land; done again it changes nothing.

    landed: all that the slot holds from now on. persons: those records of IDS001MPI, as
    text, that are counted. short: the submission, where rows of it do not land.
    """
    slot = intake.slot
    with Vault.open(intake.home, intake.keyring.key("vault")) as vault:
        if short is not None:
            note_short(vault.connection, short)
        vault.record(
            slot.name,
            slot.provider_code,
            landed.observations,
            landed.identifiers,
            intake.opening_public,
        )
        keys = IdentifierKeys.of(intake.keyring)
        if read_settings(intake.home).opt_out.gate == "required":
            numbers = persons.get_column(NHS_NUMBER)
            remember(vault.connection, intake.keyring, keys, numbers)
        links, apart = vault.person_links(keys), vault.records_apart(keys)
    note_links(
        intake.keyring.ledger(),
        before=Links(store.person_links(), store.count_apart()),
        after=Links(links, apart.height),
    )
    return Known(links, apart, _counted(intake, landed, persons, links, apart))


def row_count(tables: Mapping[str, pl.DataFrame]) -> int:
    """Rows of all tables together."""
    return sum(rows.height for rows in tables.values())


def _counted(
    intake: Intake,
    landed: Landed,
    persons: pl.DataFrame,
    links: pl.DataFrame,
    apart: pl.DataFrame,
) -> dict[str, int]:
    """Counts of the person records, entered into the ledger."""
    slot = intake.slot
    of_slot = apart.filter(
        pl.col("provider_code") == slot.provider_code,
        pl.col("reporting_month") == slot.month,
        pl.col("submission_kind") == slot.kind,
    )
    theirs = persons.select(pl.col("row_number").cast(pl.Int32))
    own = of_slot.join(theirs, on="row_number", how="semi")
    records = landed.tables[PERSONS].join(theirs, on="row_number", how="semi")
    counts = identifier_counts(persons, records, links, own.height)
    intake.keyring.ledger().append("identifiers_counted", slot=slot.name, **counts)
    return counts
