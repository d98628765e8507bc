"""What ledger and vault tell of re-identification, and whether they agree.

What belongs here: what was asked and opened, how often is too often, what time it is,
and the check that every opening of the vault has its entry. Counts come from the
ledger, whose chain is verified first; the vault keeps a row for each opening, so that a
ledger that was cut short is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import duckdb

from parity.home import Home
from parity.home.key_record import READABLE, KeyRecord, at
from parity.home.unlock import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.custodians_file import not_revoked
from parity.vault.errors import VaultError
from parity.vault.reidentification.request import (
    KEY_OF_REQUEST,
    LONGEST_HOURS,
    TOLERANCE,
    Act,
)
from parity.vault.store import Vault

REQUESTED = "reidentification_requested"
REFUSED = "reidentification_refused"

# What the ledger says before the opening key is joined, by what is asked.
JOINED: Mapping[Act, str] = {
    "reidentify": "reidentified",
    "replace": "replacement_opened",
}


@dataclass(frozen=True)
class Limits:
    """How many people may be named within 24 hours, and within 30 days."""

    day: int = 5
    month: int = 20


@dataclass(frozen=True)
class Asked:
    """What the ledger tells of a request: its keyed hash, and when it expires."""

    hash: str
    expires_at: str


@dataclass(frozen=True)
class Records:
    """What a verified ledger tells.

    requested: by its id. opened: ids. named_at: when people were named. clock: what it
    says. latest: the latest date of any entry.
    """

    clock: datetime
    latest: datetime
    requested: Mapping[str, Asked] = field(repr=False)
    opened: frozenset[str]
    named_at: tuple[datetime, ...]

    def check_clock(self) -> None:
        """Raise VaultError when the ledger is ahead of the clock.

        One of the two is wrong. A clock set back would open what has expired; one that
        was ahead would have made requests that last longer than they say.
        """
        if self.latest > self.clock + TOLERANCE:
            raise VaultError(
                "clock_behind",
                "the ledger has an entry that is dated ahead of the clock: set the "
                "clock right, or wait until that time has come",
                1,
            )

    def check_rate(self, limits: Limits) -> None:
        """Raise VaultError when as many people were named as may be."""
        spans = ((timedelta(days=1), limits.day), (timedelta(days=30), limits.month))
        for span, most in spans:
            since = self.clock - span
            if sum(instant > since for instant in self.named_at) >= most:
                raise VaultError(
                    "too_many",
                    f"no more than {most} people are named in {span.days * 24} hours",
                    1,
                )

    def forget_expired(self, keyring: Keyring) -> None:
        """Destroy the one-time keys of expired requests."""
        for record in self.expired(keyring):
            keyring.destroy(record.name, record.version)

    def expired(self, keyring: Keyring) -> list[KeyRecord]:
        """The one-time keys of requests that can be opened no more."""
        return [
            record
            for record in keyring.records()
            if record.purpose == "exchange"
            and record.state in READABLE
            and self._ends(record) <= self.clock
        ]

    def _ends(self, record: KeyRecord) -> datetime:
        """A request that the ledger does not tell of can have lasted no longer."""
        asked = self.requested.get(record.name.removeprefix(KEY_OF_REQUEST))
        if asked and asked.expires_at:
            return datetime.fromisoformat(asked.expires_at)
        return at(record.created_at) + timedelta(hours=LONGEST_HOURS)


@dataclass(frozen=True)
class Agreement:
    """Ledger and vault beside each other; ids of requests.

    without_entry: openings that the ledger does not tell: it was cut, or somebody went
    past it. broken_off: entries after which nothing was opened: a crash between the
    two, or a row that was taken out of the vault. not_revoked: custodians who were
    replaced while the opening key stayed the same.
    """

    entries: int
    openings: int
    without_entry: tuple[str, ...]
    broken_off: tuple[str, ...]
    not_revoked: tuple[str, ...]


def read_records(keyring: Keyring, now: datetime | None = None) -> Records:
    """What the ledger tells. Raises LedgerBroken when its chain does not hold."""
    ledger = keyring.ledger()
    ledger.verify()
    requested: dict[str, Asked] = {}
    opened, named_at = [], []
    clock = now or datetime.now(UTC)
    latest = clock
    for entry in ledger.entries():
        event, facts = str(entry["event"]), entry["facts"]
        instant = datetime.fromisoformat(str(entry["at"]))
        latest = max(latest, instant)
        if not isinstance(facts, dict):
            continue
        if event == REQUESTED:
            expires = str(facts.get("expires", ""))
            requested[str(facts["request"])] = Asked(str(facts["hash"]), expires)
        if event in JOINED.values():
            opened.append(str(facts["request"]))
        if event == JOINED["reidentify"]:
            named_at.append(instant)
    return Records(clock, latest, requested, frozenset(opened), tuple(named_at))


def note_opening(connection: duckdb.DuckDBPyConnection, request_id: str) -> None:
    """Enter an opening in the vault, on disk on return."""
    at_once = datetime.now(UTC).replace(tzinfo=None)
    connection.execute(
        "insert into vault.opening values (?, ?)", [UUID(request_id), at_once]
    )
    connection.execute("checkpoint vault")


def openings(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The ids of the requests that the vault was opened for."""
    rows = connection.execute("select request from vault.opening").fetchall()
    return frozenset(str(request) for (request,) in rows)


def check_agreement(home: Home, keyring: Keyring) -> Agreement:
    """Whether ledger and vault tell of the same openings."""
    with home.lock("reidentification"):
        resume_rewriting(home, keyring)
    with (
        home.lock("reidentification"),
        Vault.open(home, keyring.key_to_read("vault")) as vault,
    ):
        entered, opened = read_records(keyring).opened, openings(vault.connection)
    return Agreement(
        entries=len(entered),
        openings=len(opened),
        without_entry=tuple(sorted(opened - entered)),
        broken_off=tuple(sorted(entered - opened)),
        not_revoked=not_revoked(keyring),
    )
