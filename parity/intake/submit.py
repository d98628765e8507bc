"""A submission from the file to the landed store: the one path in.

What belongs here: the order of the steps and what each outcome leaves behind. Reading,
rules, answer, pseudonymisation and storage stand in their own modules. A submission that
is rejected or cannot be read changes nothing but the answers and the quarantine.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import polars as pl

from parity.home import Home
from parity.home.reference import Reference
from parity.home.unlock import Keyring
from parity.intake.answer import write_answer
from parity.intake.errors import IntakeError
from parity.intake.reader import read_submission
from parity.intake.seal import content_id, seal
from parity.intake.slot import Slot
from parity.intake.validation import Validation, validate
from parity.specification import Specification, load
from parity.vault.pseudonymise import IdentifierKeys, pseudonymise
from parity.vault.store import Vault
from parity.warehouse.landed import Arrival, LandedStore

State = Literal["accepted", "replayed", "rejected", "quarantined"]


@dataclass(frozen=True)
class Receipt:
    """What became of a submission; holds no value of it."""

    name: str
    state: State
    submission_id: UUID | None
    rows_received: int
    rows_kept: int
    failures: int
    answer: Path | None
    reason: str
