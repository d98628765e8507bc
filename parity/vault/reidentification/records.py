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
from parity.home.key_record import READABLE, at
from parity.home.unlock import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.errors import VaultError
from parity.vault.reidentification.request import LONGEST_HOURS, Act
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
class Records:
    """What a verified ledger tells.

    requested: the keyed hash of each request by its id. opened: ids. named_at: when
    people were named. clock: what it says. now: the later of the clock and the ledger's
    last entry, so that a clock set back opens nothing that has expired.
    """

    clock: datetime
    now: datetime
    requested: Mapping[str, str] = field(repr=False)
    opened: frozenset[str]
    named_at: tuple[datetime, ...]

    def check_rate(self, limits: Limits) -> None:
        """Raise VaultError when as many people were named as may be."""
        spans = ((timedelta(days=1), limits.day), (timedelta(days=30), limits.month))
        for span, most in spans:
            # From the clock where that is earlier: an entry dated ahead must not make
            # the people named today look like those of another day.
            since = min(self.clock, self.now) - span
            if sum(instant > since for instant in self.named_at) >= most:
                raise VaultError(
                    "too_many",
                    f"no more than {most} people are named in {span.days * 24} hours",
                    1,
                )

    def forget_expired(self, keyring: Keyring) -> None:
        """Destroy the one-time keys of requests that can have lasted no longer."""
        oldest = min(self.clock, self.now) - timedelta(hours=LONGEST_HOURS)
        for record in keyring.records():
            is_kept = record.purpose == "exchange" and record.state in READABLE
            if is_kept and at(record.created_at) < oldest:
                keyring.destroy(record.name, record.version)


@dataclass(frozen=True)
class Agreement:
    """Ledger and vault beside each other; ids of requests.

    without_entry: openings that the ledger does not tell: it was cut, or somebody went
    past it. broken_off: entries after which nothing was opened: a crash between the
    two, or a row that was taken out of the vault.
    """

    entries: int
    openings: int
    without_entry: tuple[str, ...]
    broken_off: tuple[str, ...]


def read_records(keyring: Keyring, now: datetime | None = None) -> Records:
    """What the ledger tells. Raises LedgerBroken when its chain does not hold."""
    ledger = keyring.ledger()
    ledger.verify()
    requested: dict[str, str] = {}
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
            requested[str(facts["request"])] = str(facts["hash"])
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
    )
