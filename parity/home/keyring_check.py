"""Does everything about the keys of a home still hold?

Every key that is not destroyed must open; the ledger's chain must hold; and the keyring
must be the one that the ledger tells of: its file the last that was written, each key
in the state that the ledger's entries lead to. The last two show a keyring file put
back as it was earlier, with what was destroyed since; its own seal cannot, for it was
sealed then too.

They also show an act that was entered and then cut off before the file was written.
From outside the two look alike; doing the act again settles a crash, and after it only
a crash is silent: a key that came back stays a finding until it is destroyed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from parity.home.errors import HomeError
from parity.home.key_record import READABLE, KeyRecord, State, at
from parity.home.keyring import LEDGER_KEY, Keyring
from pseudonymisation.errors import LedgerBroken
from pseudonymisation.ledger_chain import Head

SOON = timedelta(days=30)

_STATE_AFTER: Mapping[str, State] = {
    "key_generated": "active",
    "key_prepared": "pre_active",
    "key_activated": "active",
    "key_deactivated": "deactivated",
    "key_compromised": "compromised",
    "key_destroyed": "destroyed",
}

_Key = tuple[str, int]


@dataclass(frozen=True)
class Finding:
    """Something that does not hold. key: name and version, where it is about one."""

    code: str
    sentence: str
    key: str = ""

    def in_words(self) -> str:
        """As it is told when a keyring is opened."""
        return f"{self.sentence}; see parity keys verify [{self.code}]"


@dataclass(frozen=True)
class KeyringCheck:
    """What was checked and what does not hold."""

    opened: int
    ledger: Head | None
    findings: tuple[Finding, ...]
    expired: tuple[str, ...]
    expiring: tuple[str, ...]


_PUT_BACK = Finding(
    "keyring_rolled_back",
    "the keyring is not the one last written: put back, or a write cut off",
)


def seen_at_opening(keyring: Keyring) -> Finding | None:
    """What can be seen at once, whatever the ledger's length: is told at each opening.

    The ledger's end does not hold or was cut off, or the keyring is not the one last
    written. `check_keyring` sees the rest.
    """
    try:
        keyring.ledger().check_end()
        if keyring.is_last_written():
            return None
        # Another process may be between its entry and its file: when it is done.
        with keyring.writing():
            return None if keyring.is_last_written() else _PUT_BACK
    except (HomeError, LedgerBroken) as error:
        return Finding(error.code, error.message)


def check_keyring(keyring: Keyring) -> KeyringCheck:
    """Check all of it. Raises HomeError when the keyring file itself is damaged."""
    records = keyring.records()
    kept = [record for record in records if record.state != "destroyed"]
    findings = [found for record in kept if (found := _opens(keyring, record))]
    head, broken = _ledger_end(keyring)
    told = [broken] if broken else _against_ledger(keyring, records)
    now = datetime.now(UTC)
    return KeyringCheck(
        opened=len(kept) - len(findings),
        ledger=head,
        findings=(*findings, *told),
        expired=tuple(_named(r) for r in records if age_of(r, now) == "expired"),
        expiring=tuple(_named(r) for r in records if age_of(r, now) == "expires soon"),
    )


def age_of(record: KeyRecord, now: datetime) -> str:
    """`expired`, `expires soon` or nothing.

    Of a key in force by its period of protecting, of one laid down by that of reading;
    soon is within 30 days.
    """
    if record.state not in READABLE:
        return ""
    active = record.state == "active"
    end = at(record.protects_until if active else record.reads_until)
    if end <= now:
        return "expired"
    return "expires soon" if end <= now + SOON else ""


def states_told(entries: Iterable[dict[str, Any]]) -> dict[_Key, State]:
    """The state of each key that a ledger's entries lead to."""
    told: dict[_Key, State] = {}
    for entry in entries:
        if state := _STATE_AFTER.get(entry["event"]):
            told[entry["facts"]["key"], int(entry["facts"]["version"])] = state
    return told


def _opens(keyring: Keyring, record: KeyRecord) -> Finding | None:
    try:
        keyring.unwrap(record)
    except HomeError as error:
        return Finding(error.code, "a key does not open", _named(record))
    return None


def _ledger_end(keyring: Keyring) -> tuple[Head | None, Finding | None]:
    try:
        return keyring.ledger().verify(), None
    except (HomeError, LedgerBroken) as error:
        return None, Finding(error.code, error.message)


def _against_ledger(keyring: Keyring, records: tuple[KeyRecord, ...]) -> list[Finding]:
    """What the keyring and a ledger whose chain holds say differently."""
    entries = list(keyring.ledger().entries())
    findings = [] if keyring.is_last_written() else [_PUT_BACK]
    told = states_told(entries)
    found = {(r.name, r.version): r.state for r in records if r.name != LEDGER_KEY}
    for key in sorted(told.keys() | found.keys()):
        if told.get(key) != found.get(key):
            sentence = (
                f"{found.get(key, 'missing')} here, "
                f"{told.get(key, 'never made')} by the ledger"
            )
            name = f"{key[0]} {key[1]}"
            findings.append(Finding("key_state_rolled_back", sentence, name))
    return findings


def _named(record: KeyRecord) -> str:
    return f"{record.name} {record.version}"
