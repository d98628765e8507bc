"""The rooms of a home, and how a home is found.

What belongs here: paths and nothing that opens them. Z0 is landing/, Z1 vault/, Z2
warehouse/, Z3 packages/, Z4 published/; operations/ holds what running leaves behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from parity.home.environment import check_environment
from parity.home.errors import HomeError
from parity.home.lock import holding, is_held
from parity.home.private_files import check_folder, harden_process, read_private

HOME_VERSION = 1

Kind = Literal["synthetic", "live"]


@dataclass(frozen=True)
class Home:
    """A home. kind: `synthetic` holds made-up people only, `live` real ones only."""

    root: Path
    kind: Kind

    @classmethod
    def find(cls, explicit: Path | None = None) -> Home:
        """The home at a path, else the one that PARITY_HOME names.

        There is no default: data must not land somewhere by accident. Raises HomeError.
        """
        harden_process()
        check_environment()
        named = os.environ.get("PARITY_HOME")
        if explicit is None and not named:
            raise HomeError("no_home", "name a home with --home or PARITY_HOME")
        root = (explicit or Path(named or "")).resolve()
        check_folder(root)
        return cls(root=root, kind=_kind_of(root))

    def lock(
        self, purpose: str, waiting: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Hold the home alone; intake and build exclude each other so."""
        return holding(self._lock_file, purpose, waiting)

    def is_locked(self) -> bool:
        """Whether somebody holds the home just now."""
        return is_held(self._lock_file)

    @property
    def _lock_file(self) -> Path:
        return self.operations / "home.lock"

    @property
    def landing_inbox(self) -> Path:
        """Where a provider's file is put; plain only until it is read."""
        return self.root / "landing" / "inbox"

    @property
    def landing_sealed(self) -> Path:
        """Encrypted copies of what was read."""
        return self.root / "landing" / "sealed"

    @property
    def landing_quarantine(self) -> Path:
        """What could not be read."""
        return self.root / "landing" / "quarantine"

    @property
    def answers(self) -> Path:
        """What the providers are told: rules, counts and positions, no values."""
        return self.root / "answers"

    @property
    def reference(self) -> Path:
        """Organisations, practices and postcodes (parity.home.reference)."""
        return self.root / "reference"

    @property
    def vault(self) -> Path:
        """Keys, tokens and the ledger."""
        return self.root / "vault"

    @property
    def keyring_file(self) -> Path:
        """The wrapped keys (parity.home.keyring)."""
        return self.vault / "keyring.json"

    @property
    def ledger_file(self) -> Path:
        """What was done with keys and people (parity.home.ledger)."""
        return self.vault / "ledger.jsonl"

    @property
    def vault_file(self) -> Path:
        """The crosswalk of tokens, encrypted (parity.vault.store)."""
        return self.vault / "vault.duckdb"

    @property
    def landed_file(self) -> Path:
        """Pseudonymised rows as they came, encrypted."""
        return self.root / "warehouse" / "landed.duckdb"

    @property
    def warehouse_file(self) -> Path:
        """What dbt builds, encrypted."""
        return self.root / "warehouse" / "warehouse.duckdb"

    @property
    def packages(self) -> Path:
        """One encrypted file for each project or role."""
        return self.root / "packages"

    @property
    def published(self) -> Path:
        """What passed disclosure control."""
        return self.root / "published"

    @property
    def operations(self) -> Path:
        """What running leaves behind: dbt, Dagster, spill, locks, sockets."""
        return self.root / "operations"

    @property
    def dbt_target(self) -> Path:
        """dbt's artefacts."""
        return self.operations / "dbt" / "target"

    @property
    def dbt_logs(self) -> Path:
        """dbt's logs."""
        return self.operations / "dbt" / "logs"

    @property
    def dagster_home(self) -> Path:
        """Dagster's storage."""
        return self.operations / "dagster"

    @property
    def spill(self) -> Path:
        """What does not fit in DuckDB's memory, encrypted."""
        return self.operations / "spill"

    @property
    def run_folder(self) -> Path:
        """Sockets that serve file keys (parity.home.unlock)."""
        return self.operations / "run"

    @property
    def synthetic_passphrase_file(self) -> Path:
        """The passphrase of a synthetic home; a live home never has this file."""
        return self.operations / "synthetic-passphrase"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that a home has from the start."""
        return (
            self.landing_inbox,
            self.landing_sealed,
            self.landing_quarantine,
            self.answers,
            self.reference,
            self.vault,
            self.warehouse_file.parent,
            self.packages,
            self.published,
            self.dbt_target,
            self.dbt_logs,
            self.dagster_home,
            self.spill,
            self.run_folder,
        )


def description_file(root: Path) -> Path:
    """The file that makes a folder a home: its kind, version and creation date."""
    return root / "home.json"


def _kind_of(root: Path) -> Kind:
    try:
        description = json.loads(read_private(description_file(root)))
        kind, version = description["kind"], description["version"]
    except (ValueError, KeyError, TypeError):
        place = description_file(root)
        raise HomeError("home_unreadable", f"{place} cannot be read") from None
    if version != HOME_VERSION or kind not in ("synthetic", "live"):
        raise HomeError("home_version", "this home was made by another Parity")
    return cast(Kind, kind)
