"""A submission from the file to the landed store: the one path in.

What belongs here: the order of the steps and what each outcome leaves behind. Reading,
rules, answer, pseudonymisation and storage stand in their own modules.

The order is the safety: the vault's writes are repeatable and come first, then the
sealed copy, then one transaction that lands the rows and the receipt. Killed anywhere
before its commit, the same file submitted again ends in the same store. A submission
that is rejected or cannot be read changes nothing but the answers and the quarantine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import polars as pl

from parity.home import Home, HomeError
from parity.home.private_files import make_folder, remove_left_over
from parity.home.reference import Reference
from parity.home.settings import read_settings
from parity.home.unlock import Keyring
from parity.intake.answer import write_answer
from parity.intake.errors import IntakeError
from parity.intake.inbox import check_still, remove, set_aside, snapshot
from parity.intake.reader import RawSubmission, read_submission
from parity.intake.seal import OPENED, content_id, seal_copy
from parity.intake.sealed_copies import month_folder, month_of, sealing_key
from parity.intake.slot import Slot
from parity.intake.validation import Validation, validate
from parity.rewriting import resume_rewriting
from parity.specification import Specification, load
from parity.vault.custodians import appointed
from parity.vault.identifier_counts import identifier_counts
from parity.vault.link_changes import Links, note_links
from parity.vault.opt_out.numbers import remember
from parity.vault.people import NHS_NUMBER, PERSONS
from parity.vault.pseudonymise import IdentifierKeys, Landed, pseudonymise
from parity.vault.removal.door import read_kept_out, without_kept_out
from parity.vault.store import Vault
from parity.warehouse.landed import Arrival, LandedStore

State = Literal["accepted", "replayed", "rejected", "quarantined", "refused"]


@dataclass(frozen=True)
class Receipt:
    """What became of a submission; holds no value of it.

    name: the slot. state: `refused` stays where it is, by its name or because it is
    still arriving; who calls `submit` makes that receipt. rows_kept: by the rules.
    answer: the page for the provider. reason: why it did not load. rows_kept_out: of
    the rows that the rules kept, those of people who are kept out
    (parity.vault.removal). identifiers: counts of person records, of what has landed
    now (parity.vault.identifier_counts).
    """

    name: str
    state: State
    submission_id: UUID | None = None
    rows_received: int = 0
    rows_kept: int = 0
    failures: int = 0
    answer: Path | None = None
    reason: str = ""
    rows_kept_out: int = 0
    identifiers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Intake:
    """One submission on its way in."""

    home: Home
    keyring: Keyring
    specification: Specification
    reference: Reference
    path: Path
    slot: Slot
    received_at: datetime
    opening_public: bytes


def submit(
    home: Home,
    path: Path,
    keyring: Keyring,
    received_at: datetime | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Receipt:
    """Validate, answer, pseudonymise and land one file or folder.

    received_at: when it came (UTC); only a synthetic home may be told so.
    waiting: told once when another process holds the home.
    Raises IntakeError for a name that is no submission's and for one that is still
    arriving (it stays where it is), HomeError for keys, VaultError in a live home that
    has no custodians.
    """
    if received_at is not None and home.kind != "synthetic":
        raise HomeError(
            "received_at", "only a synthetic home may be told the time of receipt"
        )
    slot = Slot.from_name(path.name)
    with home.lock("intake", waiting):
        resume_rewriting(home, keyring)
        remove_left_over(home.landing_inbox.parent, OPENED)
        intake = _Intake(
            home=home,
            keyring=keyring,
            specification=load("2.1"),
            reference=Reference.load(home.reference),
            path=path,
            slot=slot,
            received_at=received_at or datetime.now(UTC),
            # First of all: without custodians the file stays where it is.
            opening_public=appointed(home, keyring).opening_public,
        )
        receipt = _take_in(intake)
        remove(home, path)
    return receipt


def _take_in(intake: _Intake) -> Receipt:
    before = snapshot(intake.path)
    try:
        with tempfile.TemporaryDirectory(dir=intake.home.spill) as workdir:
            raw = read_submission(intake.path, intake.specification, Path(workdir))
            validation = validate(
                raw,
                intake.slot,
                intake.specification,
                intake.reference,
                intake.received_at,
            )
    except IntakeError as error:
        check_still(intake.path, before)
        return _quarantined(intake, error)
    check_still(intake.path, before)
    submission_id = content_id(raw.tables, intake.slot, intake.keyring.key("receipt"))
    if not validation.accepted:
        _set_aside(intake, submission_id, "a rule rejects the file; see the answer")
        return _answered(intake, validation, raw, submission_id, "rejected")
    return _load(intake, validation, raw, submission_id)


def _load(
    intake: _Intake, validation: Validation, raw: RawSubmission, submission_id: UUID
) -> Receipt:
    keys = IdentifierKeys.of(intake.keyring)
    kept, kept_out = _at_the_door(intake, validation.kept, keys)
    try:
        landed = pseudonymise(
            kept,
            intake.slot,
            intake.specification,
            keys,
            intake.reference,
            intake.home.kind,
        )
    except IntakeError as error:
        return _quarantined(intake, error)
    with LandedStore.open(
        intake.home.landed_file,
        intake.keyring.key("landed"),
        intake.home.spill,
        intake.specification,
    ) as store:
        slot = intake.slot
        if store.in_force(slot.provider_code, slot.month, slot.kind) == submission_id:
            return _answered(intake, validation, raw, submission_id, "replayed")
        receipt = _answered(intake, validation, raw, submission_id, "accepted")
        if kept_out:
            intake.keyring.ledger().append(
                "rows_kept_out", submission=str(submission_id), rows=kept_out
            )
        counts = _land(intake, store, landed, submission_id, kept[PERSONS])
    return replace(receipt, rows_kept_out=kept_out, identifiers=counts)


def _at_the_door(
    intake: _Intake, kept: dict[str, pl.DataFrame], keys: IdentifierKeys
) -> tuple[dict[str, pl.DataFrame], int]:
    """The rows of people who may go on, and how many rows may not."""
    home = intake.home
    if not home.vault_file.exists():
        return kept, 0
    opt_outs_count = read_settings(home).opt_out.gate == "required"
    with Vault.open(home, intake.keyring.key("vault")) as vault:
        out = read_kept_out(vault.connection, opt_outs_count)
    return without_kept_out(
        kept, intake.slot, intake.specification, keys, intake.reference, home.kind, out
    )


def _land(
    intake: _Intake,
    store: LandedStore,
    landed: Landed,
    submission_id: UUID,
    persons: pl.DataFrame,
) -> dict[str, int]:
    """Record, seal and land. Returns counts of the person records."""
    slot = intake.slot
    with Vault.open(intake.home, intake.keyring.key("vault")) as vault:
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
    counts = _counted(intake, landed, persons, links, apart)
    _seal(intake, submission_id)
    store.land(
        Arrival(
            submission_id=submission_id,
            provider_code=slot.provider_code,
            reporting_month=slot.month,
            reporting_period_end_date=slot.period_end,
            submission_kind=slot.kind,
            data_set_version=intake.specification.version,
            received_at=intake.received_at.astimezone(UTC).replace(tzinfo=None),
            pseudonym_epoch=landed.epoch,
        ),
        landed.tables,
        links,
        apart,
        intake.reference.organisations,
        landed.successions,
    )
    return counts


def _counted(
    intake: _Intake,
    landed: Landed,
    persons: pl.DataFrame,
    links: pl.DataFrame,
    apart: pl.DataFrame,
) -> dict[str, int]:
    """Counts of the person records, entered into the ledger."""
    slot = intake.slot
    own = apart.filter(
        pl.col("provider_code") == slot.provider_code,
        pl.col("reporting_month") == slot.month,
        pl.col("submission_kind") == slot.kind,
    )
    counts = identifier_counts(persons, landed.tables[PERSONS], links, own.height)
    intake.keyring.ledger().append("identifiers_counted", slot=slot.name, **counts)
    return counts


def _seal(intake: _Intake, submission_id: UUID) -> None:
    month = month_of(intake.received_at)
    folder = month_folder(intake.home.landing_sealed, month)
    key = sealing_key(intake.keyring, month)
    seal_copy(intake.path, folder / f"{submission_id}.sealed", key, submission_id)


def _answered(
    intake: _Intake,
    validation: Validation,
    raw: RawSubmission,
    submission_id: UUID,
    state: State,
) -> Receipt:
    """Write the answer; a replay changes nothing, so its first answer stands."""
    folder = intake.home.answers / intake.slot.name / str(submission_id)
    page = folder / "answer.html"
    if state != "replayed" or not page.exists():
        make_folder(folder.parent)
        make_folder(folder)
        write_answer(
            validation,
            intake.slot,
            intake.specification,
            folder,
            str(submission_id),
            state,
        )
    return Receipt(
        name=intake.slot.name,
        state=state,
        submission_id=submission_id,
        rows_received=_row_count(raw.tables),
        rows_kept=_row_count(validation.kept),
        failures=validation.failures.height,
        answer=page,
        reason="" if state != "rejected" else "a rule rejects the file; see the answer",
    )


def _row_count(tables: Mapping[str, pl.DataFrame]) -> int:
    return sum(rows.height for rows in tables.values())


def _quarantined(intake: _Intake, error: IntakeError) -> Receipt:
    """What could not be read or taken: kept aside, nothing else changes."""
    _set_aside(intake, uuid4(), str(error))
    return Receipt(name=intake.slot.name, state="quarantined", reason=str(error))


def _set_aside(intake: _Intake, copy_id: UUID, reason: str) -> None:
    words = f"{intake.slot.name}: {reason}"
    set_aside(
        intake.home, intake.keyring, intake.path, words, copy_id, intake.received_at
    )
