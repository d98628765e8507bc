"""Rows of people who are permitted again, brought back to submissions that lost them.

What belongs here: which rows of a submission in force are missing and may land now, and
landing them. It happens when the same file is submitted again, and for all sealed
copies at once (`parity opt-out restore`); both do the same, and done again it changes
nothing. The receipt stays the first one, so that the order of submissions is kept:
docs/decisions/2026-11-25-the-way-back.md.

Only submissions that are marked as short are looked at (parity.vault.removal.short):
what comes again to any other is a replay, whatever the rules have become meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from uuid import UUID

import polars as pl

from parity.home import Home
from parity.home.reference import Reference
from parity.home.unlock import Keyring
from parity.intake.errors import IntakeError
from parity.intake.landing import Intake, make_known, refused_at_the_door, row_count
from parity.intake.sealed_copies import read_copy, sealed_copies
from parity.intake.slot import Slot
from parity.intake.validation import validate
from parity.rewriting import resume_rewriting
from parity.specification import load
from parity.vault.custodians import appointed
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.people import PERSONS
from parity.vault.pseudonymise import pseudonymise
from parity.vault.removal.door import only_rows, without_rows
from parity.vault.removal.short import short_submissions
from parity.vault.store import Vault
from parity.warehouse.landed import Arrival, LandedStore
from pseudonymisation.errors import EnvelopeRefused


@dataclass(frozen=True)
class Returning:
    """Rows as text, by table. held: all that the submission holds with them. back: the
    rows that are missing, of people who may be used."""

    held: dict[str, pl.DataFrame] = field(repr=False)
    back: dict[str, pl.DataFrame] = field(repr=False)

    @property
    def count(self) -> int:
        """How many rows come back."""
        return row_count(self.back)


@dataclass(frozen=True)
class Restored:
    """What a restoring did. short: submissions in force that people had left.

    returned: of these, the ones that rows came back to. rows: that came back. persons:
    of IDS001MPI. without_copy: of `short`, those whose sealed copy is gone or cannot be
    read.
    """

    short: int
    returned: int
    rows: int
    persons: int
    without_copy: int


def find_returning(
    intake: Intake,
    store: LandedStore,
    kept: Mapping[str, pl.DataFrame],
    submission_id: UUID,
) -> Returning | None:
    """What may come back to a submission in force; None where that is nothing.

    kept: its rows, by the rules. Who is here already is not judged again: whoever must
    go is still to be found by what the vault observed of them.
    """
    if submission_id not in _short(intake.home, intake.keyring):
        return None
    persons = kept[PERSONS].with_columns(pl.col("row_number").cast(pl.Int32))
    here = store.row_numbers(submission_id, PERSONS)
    missing = persons.join(here, on="row_number", how="anti")
    keys = IdentifierKeys.of(intake.keyring)
    refused = refused_at_the_door(intake, missing, keys, strictly=True)
    back = missing.select("row_number").join(refused, on="row_number", how="anti")
    if back.is_empty():
        return None
    held = without_rows(kept, intake.specification, refused)
    return Returning(held, only_rows(held, intake.specification, back))


def bring_back(
    intake: Intake, store: LandedStore, found: Returning, submission_id: UUID
) -> Mapping[str, int]:
    """Land the missing rows. Returns counts of their person records.

    Raises RecordRefused, VaultError, LandedError: nothing has landed then.
    """
    keys = IdentifierKeys.of(intake.keyring)
    landed = pseudonymise(
        found.held,
        intake.slot,
        intake.specification,
        keys,
        intake.reference,
        intake.home.kind,
    )
    intake.keyring.ledger().append(
        "rows_returned", submission=str(submission_id), rows=found.count
    )
    known = make_known(intake, store, landed, found.back[PERSONS])
    store.add(
        submission_id,
        landed.epoch,
        {name: _of(landed.tables[name], rows) for name, rows in found.back.items()},
        known.links,
        known.apart,
        landed.successions,
    )
    return known.counts


def restore(home: Home, keyring: Keyring) -> Restored:
    """Bring back what may return, from the sealed copies of submissions in force.

    Each submission lands for itself: cut off, the same command does the rest.
    """
    with home.lock("opt-out restore"):
        resume_rewriting(home, keyring)
        if not home.landed_file.exists():
            return Restored(0, 0, 0, 0, 0)
        short = _short(home, keyring)
        with LandedStore.open(
            home.landed_file, keyring.key("landed"), home.spill, load()
        ) as store:
            arrivals = [a for a in store.all_in_force() if a.submission_id in short]
            copies = {copy.stem: copy for copy in sealed_copies(home.landing_sealed)}
            found = [
                _restored(home, keyring, store, a, copies.get(str(a.submission_id)))
                for a in arrivals
            ]
    back = [each for each in found if each is not None]
    return Restored(
        short=len(arrivals),
        returned=sum(rows > 0 for rows, _ in back),
        rows=sum(rows for rows, _ in back),
        persons=sum(persons for _, persons in back),
        without_copy=len(found) - len(back),
    )


def _restored(
    home: Home,
    keyring: Keyring,
    store: LandedStore,
    arrival: Arrival,
    copy: Path | None,
) -> tuple[int, int] | None:
    """Rows and person records that came back to one; None: its copy cannot be read."""
    if copy is None:
        return None
    intake = Intake(
        home=home,
        keyring=keyring,
        specification=load(arrival.data_set_version),
        reference=Reference.load(home.reference),
        path=copy,
        slot=Slot.from_name(
            f"{arrival.provider_code}_{arrival.reporting_month:%Y-%m}"
            f"_{arrival.submission_kind}"
        ),
        received_at=arrival.received_at.replace(tzinfo=UTC),
        opening_public=appointed(home, keyring).opening_public,
    )
    try:
        raw = read_copy(home, keyring, copy)
    except (IntakeError, EnvelopeRefused):
        return None
    kept = validate(
        raw,
        intake.slot,
        intake.specification,
        intake.reference,
        intake.received_at,
    ).kept
    found = find_returning(intake, store, kept, arrival.submission_id)
    if found is None:
        return 0, 0
    bring_back(intake, store, found, arrival.submission_id)
    return found.count, found.back[PERSONS].height


def _short(home: Home, keyring: Keyring) -> frozenset[UUID]:
    with Vault.open(home, keyring.key("vault")) as vault:
        return short_submissions(vault.connection)


def _of(landed: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    numbers = rows.select(pl.col("row_number").cast(pl.Int32))
    return landed.join(numbers, on="row_number", how="semi", maintain_order="left")
