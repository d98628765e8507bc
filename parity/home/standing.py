"""May anything leave the warehouse as it stands? What the ledger says of it.

What belongs here: the last look before a package or a publication is made. It asks the
ledger, not the vault, so that whoever makes them needs to open no vault: when the last
check of the national opt-out was asked, and whether the warehouse was built since
people last went. Raises; never answers no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from parity.home.errors import OptOutError
from parity.home.keyring import Keyring
from parity.home.layout import Home
from parity.home.settings import OptOut, read_settings

LOADED, BUILT, REMOVED = "opt_out_loaded", "warehouse_built", "people_removed"

HOW_TO = "parity opt-out request, then parity opt-out load"


@dataclass
class _Told:
    """What the ledger tells, by the place of each entry."""

    asked_at: datetime | None = None
    built: int = 0
    gate: str = ""
    loaded: int = 0
    removed: int = 0


def note_built(keyring: Keyring, gate: str, asked_at: datetime | None) -> None:
    """Enter that the warehouse was built, and under which check of opt-outs."""
    facts = {"asked_at": asked_at.isoformat()} if asked_at else {}
    keyring.ledger().append(BUILT, gate=gate, **facts)


def check_standing(home: Home, keyring: Keyring) -> None:
    """Raise OptOutError unless the warehouse may be read for what leaves it.

    built_before: it was built before people last went, before the answer that counts
    now, or when nobody was asked. opt_out_stale: its check is too old by now.
    """
    _check_standing(home, keyring, datetime.now(UTC))


def _check_standing(home: Home, keyring: Keyring, now: datetime) -> None:
    opt_out, told = read_settings(home).opt_out, _told(keyring)
    is_before = told.removed > told.built
    if opt_out.gate == "required":
        is_before |= told.loaded > told.built or told.gate != "required"
    if is_before:
        raise OptOutError(
            "built_before",
            "people went since the warehouse was built, or nobody was asked then: "
            "parity build",
        )
    if opt_out.gate == "required":
        check_fresh(told.asked_at, opt_out, now)


def check_fresh(
    asked_at: datetime | None,
    opt_out: OptOut,
    now: datetime,
    code: str = "opt_out_stale",
) -> None:
    """Raise OptOutError unless a check asked at this instant holds now."""
    if asked_at is None:
        raise OptOutError("opt_out_missing", f"no check of opt-outs: {HOW_TO}")
    age = now - asked_at
    # A check of tomorrow is no fresher than one of last month: a clock is wrong.
    if not timedelta(0) <= age <= timedelta(days=opt_out.fresh_days):
        raise OptOutError(
            code,
            f"the check of opt-outs is older than {opt_out.fresh_days} days: {HOW_TO}",
        )


def _told(keyring: Keyring) -> _Told:
    ledger, told = keyring.ledger(), _Told()
    ledger.verify()
    for number, entry in enumerate(ledger.entries(), start=1):
        event, facts = entry["event"], entry["facts"]
        if event == LOADED:
            told.loaded = number
        elif event == REMOVED:
            told.removed = number
        elif event == BUILT and isinstance(facts, dict):
            asked_at = facts.get("asked_at")
            told.built, told.gate = number, facts["gate"]
            told.asked_at = asked_at and datetime.fromisoformat(asked_at)
    return told
