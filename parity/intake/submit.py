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

from parity.home import Home, HomeError
from parity.home.private_files import make_folder, remove_left_over
from parity.home.reference import Reference
from parity.home.unlock import Keyring
from parity.intake.answer import write_answer
from parity.intake.errors import IntakeError
from parity.intake.inbox import check_still, remove, set_aside, snapshot
from parity.intake.landing import (
    Intake,
    Known,
    make_known,
    refused_at_the_door,
    row_count,
)
from parity.intake.reader import RawSubmission, read_submission
from parity.intake.returning import bring_back, find_returning
from parity.intake.seal import OPENED, content_id, seal_copy
from parity.intake.sealed_copies import month_folder, month_of, sealing_key
from parity.intake.slot import Slot
from parity.intake.validation import Validation, validate
from parity.rewriting import resume_rewriting
from parity.specification import load
from parity.vault.custodians import appointed
from parity.vault.people import PERSONS
from parity.vault.pseudonymise import IdentifierKeys, Landed, pseudonymise
from parity.vault.removal.door import without_rows
from parity.warehouse.landed import Arrival, LandedStore

State = Literal[
    "accepted", "replayed", "returned", "rejected", "quarantined", "refused"
]


@dataclass(frozen=True)
class Receipt:
    """What became of a submission; holds no value of it.

    name: the slot. state: `replayed` and `returned` are the one in force come again;
    `refused` stays where it is, by its name or because it is still arriving (who calls
    `submit` makes that receipt). rows_returned: of people who may be used again
    (parity.intake.returning). rows_kept: by the rules. answer: the page for the
    provider. reason: why it did not load. rows_kept_out: of the rows that the rules
    kept, those of people who are kept out (parity.vault.removal): they do not land, and
    stand in the sealed copy. identifiers: counts of person records, of what has landed
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
    rows_returned: int = 0
    identifiers: Mapping[str, int] = field(default_factory=dict)


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
        intake = Intake(
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


def _take_in(intake: Intake) -> Receipt:
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
    intake: Intake, validation: Validation, raw: RawSubmission, submission_id: UUID
) -> Receipt:
    keys = IdentifierKeys.of(intake.keyring)
    refused = refused_at_the_door(intake, validation.kept[PERSONS], keys)
    going = without_rows(validation.kept, intake.specification, refused)
    kept_out = row_count(validation.kept) - row_count(going)
    try:
        landed = pseudonymise(
            going,
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
            receipt = _again(intake, store, validation, raw, submission_id)
            return replace(receipt, rows_kept_out=kept_out)
        receipt = _answered(intake, validation, raw, submission_id, "accepted")
        if kept_out:
            intake.keyring.ledger().append(
                "rows_kept_out", submission=str(submission_id), rows=kept_out
            )
        short = submission_id if kept_out else None
        known = make_known(intake, store, landed, going[PERSONS], short)
        _seal(intake, submission_id)
        _land(intake, store, landed, submission_id, known)
    return replace(receipt, rows_kept_out=kept_out, identifiers=known.counts)


def _again(
    intake: Intake,
    store: LandedStore,
    validation: Validation,
    raw: RawSubmission,
    submission_id: UUID,
) -> Receipt:
    """The one in force has come once more: nothing new but people who may return."""
    back = find_returning(intake, store, validation.kept, submission_id)
    if back is None:
        return _answered(intake, validation, raw, submission_id, "replayed")
    receipt = _answered(intake, validation, raw, submission_id, "returned")
    _seal(intake, submission_id)
    counts = bring_back(intake, store, back, submission_id)
    return replace(receipt, rows_returned=back.count, identifiers=counts)


def _land(
    intake: Intake,
    store: LandedStore,
    landed: Landed,
    submission_id: UUID,
    known: Known,
) -> None:
    slot = intake.slot
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
        known.links,
        known.apart,
        intake.reference.organisations,
        landed.successions,
    )


def _seal(intake: Intake, submission_id: UUID) -> None:
    month = month_of(intake.received_at)
    folder = month_folder(intake.home.landing_sealed, month)
    key = sealing_key(intake.keyring, month)
    seal_copy(intake.path, folder / f"{submission_id}.sealed", key, submission_id)


def _answered(
    intake: Intake,
    validation: Validation,
    raw: RawSubmission,
    submission_id: UUID,
    state: State,
) -> Receipt:
    """Write the answer; what has landed before is answered, and that answer stands.

    Nobody's return is told to the provider.
    """
    folder = intake.home.answers / intake.slot.name / str(submission_id)
    page = folder / "answer.html"
    told: State = "replayed" if state == "returned" else state
    if told != "replayed" or not page.exists():
        make_folder(folder.parent)
        make_folder(folder)
        write_answer(
            validation,
            intake.slot,
            intake.specification,
            folder,
            str(submission_id),
            told,
        )
    return Receipt(
        name=intake.slot.name,
        state=state,
        submission_id=submission_id,
        rows_received=row_count(raw.tables),
        rows_kept=row_count(validation.kept),
        failures=validation.failures.height,
        answer=page,
        reason="" if state != "rejected" else "a rule rejects the file; see the answer",
    )


def _quarantined(intake: Intake, error: IntakeError) -> Receipt:
    """What could not be read or taken: kept aside, nothing else changes."""
    _set_aside(intake, uuid4(), str(error))
    return Receipt(name=intake.slot.name, state="quarantined", reason=str(error))


def _set_aside(intake: Intake, copy_id: UUID, reason: str) -> None:
    words = f"{intake.slot.name}: {reason}"
    set_aside(
        intake.home, intake.keyring, intake.path, words, copy_id, intake.received_at
    )
