"""What is known of a key: its states, its dates, and what it may be used for now.

What belongs here: one record and the rules about it, without a file and without a key.
States and their order are our reading of NIST SP 800-57 part 1 rev 5, section 7; how
long a key protects and reads stands in cryptoperiods.csv beside this file, with the
reason for each figure.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from parity.home.errors import HomeError
from pseudonymisation.encoding import encode

Purpose = Literal[
    "derivation",
    "root",
    "linkage",
    "ledger",
    "receipt",
    "sealing",
    "signing",
    "file",
    "exchange",
]
State = Literal["pre_active", "active", "deactivated", "compromised", "destroyed"]

# From a state to those it may turn into. No way leads back: a key that was laid down,
# lost or destroyed is never used for protecting again.
TRANSITIONS: Mapping[State, tuple[State, ...]] = {
    "pre_active": ("active", "compromised", "destroyed"),
    "active": ("deactivated", "compromised", "destroyed"),
    "deactivated": ("compromised", "destroyed"),
    "compromised": ("destroyed",),
    "destroyed": (),
}
READABLE: tuple[State, ...] = ("active", "deactivated")

_REFUSALS: Mapping[State, str] = {
    "pre_active": "that key is not in force yet",
    "deactivated": "that key was laid down: it reads, and protects nothing more",
    "compromised": "that key is marked as known to others",
    "destroyed": "that key was destroyed",
}


@dataclass(frozen=True)
class Cryptoperiod:
    """How long a key of a purpose protects and how long it reads, from its making."""

    protects: timedelta
    reads: timedelta


@dataclass(frozen=True)
class KeyRecord:
    """What is known of one key. wrapped: its envelope, empty once destroyed.

    The dates are instants in ISO 8601 with their offset, to the second.
    """

    name: str
    purpose: Purpose
    version: int
    state: State
    created_at: str
    changed_at: str
    protects_until: str
    reads_until: str
    check_value: str
    wrapped: str = field(default="", repr=False)

    @property
    def context(self) -> bytes:
        """What the envelope is bound to: all of it that never changes.

        State and its date are held by the seal of the whole keyring instead, so that a
        change of state needs no new envelope.
        """
        changing = {"wrapped", "state", "changed_at"}
        said = {k: str(v) for k, v in asdict(self).items() if k not in changing}
        return encode("keyring-record", *[p for pair in said.items() for p in pair])

    def turned(self, state: State, now: datetime) -> KeyRecord:
        """The record in another state. Raises HomeError: key_transition."""
        if state not in TRANSITIONS[self.state]:
            raise HomeError(
                "key_transition", f"no key goes from {self.state} to {state}"
            )
        wrapped = "" if state == "destroyed" else self.wrapped
        return replace(self, state=state, changed_at=written(now), wrapped=wrapped)

    def protects(self, now: datetime) -> bool:
        """Whether it is in force and within its period of protecting."""
        return self.state == "active" and now < at(self.protects_until)

    def reads(self, now: datetime) -> bool:
        """Whether what it protected may still be read with it."""
        return self.state in READABLE and now < at(self.reads_until)

    def refusal(self) -> HomeError:
        """Why it is not used: its state, or else its age."""
        if message := _REFUSALS.get(self.state):
            return HomeError(f"key_{self.state}", message)
        return HomeError("key_expired", "that key is past its period")


def new_record(
    name: str, purpose: Purpose, version: int, state: State, now: datetime, check: str
) -> KeyRecord:
    """The record of a key made now, not wrapped yet; its periods begin now."""
    period = cryptoperiods()[purpose]
    return KeyRecord(
        name=name,
        purpose=purpose,
        version=version,
        state=state,
        created_at=written(now),
        changed_at=written(now),
        protects_until=written(now + period.protects),
        reads_until=written(now + period.reads),
        check_value=check,
    )


def read_record(said: Mapping[str, Any]) -> KeyRecord:
    """A record from the keyring file. Raises ValueError or TypeError for any other."""
    record = KeyRecord(**said)
    for one in fields(KeyRecord):
        kind = int if one.name == "version" else str
        if type(getattr(record, one.name)) is not kind:
            raise TypeError(one.name)
    if record.purpose not in get_args(Purpose) or record.state not in TRANSITIONS:
        raise ValueError("purpose or state")
    for date in (record.created_at, record.protects_until, record.reads_until):
        at(date)
    return record


def newest(records: Collection[KeyRecord]) -> KeyRecord:
    """That of the highest version. Raises HomeError when there is none."""
    if not records:
        raise HomeError("no_such_key", "there is no key of that name and version")
    return max(records, key=lambda record: record.version)


@cache
def cryptoperiods() -> Mapping[Purpose, Cryptoperiod]:
    """The table of periods by purpose; every purpose stands in it."""
    file = Path(__file__).with_name("cryptoperiods.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        rows = {row["purpose"]: row for row in csv.DictReader(stream, strict=True)}
    return {
        purpose: Cryptoperiod(
            timedelta(days=int(rows[purpose]["protects_days"])),
            timedelta(days=int(rows[purpose]["reads_days"])),
        )
        for purpose in get_args(Purpose)
    }


def written(instant: datetime) -> str:
    """An instant as records hold it."""
    return instant.isoformat(timespec="seconds")


def at(date: str) -> datetime:
    """The instant of a record's date. Raises ValueError when it has no offset."""
    instant = datetime.fromisoformat(date)
    if instant.tzinfo is None:
        raise ValueError("a date without its offset")
    return instant
