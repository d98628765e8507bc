"""The keyring: every key of a home, wrapped, each with its state and its dates.

What belongs here: handing a key to whoever may have it, and the acts that change one.
A key is asked for to protect (`key`: in force and within its period) or to read what it
once protected (`key_to_read`); any other use is refused with a code. Each act is in the
ledger before it is in the file. A crash between the two leaves an entry without its
act: the home opens and works as before, parity.home.keyring_check tells, and doing the
act again settles it.

An opened keyring holds the wrapping key alone; a key is unwrapped when it is asked for.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from parity.home.errors import HomeError
from parity.home.key_record import (
    KeyRecord,
    Purpose,
    State,
    new_record,
    newest,
)
from parity.home.key_wrapping import KeyProvider, new_provider, open_provider
from parity.home.keyring_file import KeyringFile, damaged, mark_of, read_content
from parity.home.ledger import Ledger
from parity.home.lock import holding
from parity.home.private_files import remove_left_drafts
from parity.home.secret import SecretBytes
from pseudonymisation.errors import CodedError
from pseudonymisation.keys import check_value, generate_key
from pseudonymisation.ledger_chain import START
from pseudonymisation.passphrase_key import Cost

if TYPE_CHECKING:
    from parity.home.layout import Home

__all__ = ["LEDGER_KEY", "KeyRecord", "Keyring", "Purpose", "State"]

LEDGER_KEY = "ledger"
WRITTEN = "keyring_written"


class Keyring:
    """The keys of a home, unlocked. Shows none of them when printed."""

    def __init__(self, path: Path, provider: KeyProvider) -> None:
        self._provider = provider
        self._file = KeyringFile(path, provider)

    def __repr__(self) -> str:
        return f"<Keyring {self._file.path.name}>"

    def __reduce__(self) -> str:
        raise HomeError("not_picklable", "a keyring stays in its process")

    @classmethod
    def create(
        cls, path: Path, secret: SecretBytes, cost: Cost | None = None
    ) -> Keyring:
        """A new keyring without keys. Raises HomeError when there is one already.

        secret: a passphrase, or a `WrappingKey` (parity.home.key_wrapping).
        """
        if path.exists():
            raise HomeError("keyring_exists", "this home has a keyring already")
        made = new_provider(secret, cost)
        keyring = cls(path, made.provider)
        keyring._file.write(keyring._file.drafted((), made.told))
        return keyring

    @classmethod
    def open(cls, home: Home, secret: SecretBytes) -> Keyring:
        """A home's keyring; parity.home.unlock.open_keyring finds its secret too.

        Raises HomeError: wrong_passphrase, wrong_wrapping_key, other_key_provider,
        keyring_damaged, keyring_version.
        """
        remove_left_drafts(home.keyring_file)
        content = read_content(home.keyring_file)
        try:
            provider = open_provider(content["provider"], secret)
        except (KeyError, TypeError, ValueError):
            raise damaged() from None
        keyring = cls(home.keyring_file, provider)
        keyring.records()
        return keyring

    def records(self) -> tuple[KeyRecord, ...]:
        """Every key that there is or was, in order of creation."""
        return self._file.records()

    def names(self) -> tuple[str, ...]:
        """The names of the keys in force."""
        return tuple(r.name for r in self.records() if r.state == "active")

    def record(self, name: str, version: int | None = None) -> KeyRecord:
        """A key's newest version, or that one. Raises HomeError: no_such_key."""
        return newest(
            [
                r
                for r in self.records()
                if r.name == name and version in (None, r.version)
            ]
        )

    def key(self, name: str) -> bytes:
        """The key in force, for protecting: sealing, signing, making, writing.

        Raises HomeError: no_such_key, key_pre_active, key_deactivated, key_compromised,
        key_destroyed, or key_expired past its period of protecting.
        """
        return self._unwrapped(self._protecting(name, _now()))

    def key_to_read(self, name: str, version: int | None = None) -> bytes:
        """A key in force or laid down, for reading what it once protected.

        version: None is the newest that may read. Raises HomeError as `key` does;
        key_expired past its period of reading.
        """
        return self._unwrapped(self._reading(name, version, _now()))

    def to_rewrite(self, name: str) -> tuple[int, bytes]:
        """Version and key that a rewriting reads with, to lay what it held under a new.

        The one in force, else the newest that was: past its period too, laid down or
        known to others, for what it protects must be able to leave it. Raises HomeError
        when there is none that is not destroyed.
        """
        held = [
            r
            for r in self.records()
            if r.name == name and r.state not in ("pre_active", "destroyed")
        ]
        in_force = [record for record in held if record.state == "active"]
        if not held:
            raise self.record(name).refusal()
        found = newest(in_force or held)
        return found.version, self._unwrapped(found)

    def versions_to_read(self, name: str) -> tuple[int, ...]:
        """The versions that `key_to_read` gives today, none when there is no key."""
        return tuple(r.version for r in self._readable(name, _now()))

    def version(self, name: str) -> int:
        """The version in force, whatever its age. Raises HomeError as `key` does."""
        return self._in_force(name).version

    def prepared(self, name: str, version: int) -> bytes:
        """The bytes of a key that is not in force yet, for filling its new file.

        After `activate` too, so that a filling that was cut off can go on. Raises
        HomeError for a key that is neither.
        """
        record = self.record(name, version)
        if record.state not in ("pre_active", "active"):
            raise record.refusal()
        return self._unwrapped(record)

    def generate(self, name: str, purpose: Purpose) -> bytes:
        """A new key in force. Raises HomeError when the name has one."""
        with self.writing():
            if name in self.names():
                raise HomeError("key_exists", "there is an active key of that name")
            return self._add(name, purpose, "active", _now())[1]

    def prepare(self, name: str, purpose: Purpose) -> tuple[int, bytes]:
        """A new version, not in force yet; the former one stays so. Version and key."""
        with self.writing():
            return self._add(name, purpose, "pre_active", _now())

    def activate(self, name: str, version: int) -> None:
        """Put a version in force and lay down the former, in one write.

        Done again it changes nothing. Raises HomeError: no_such_key, key_transition.
        """
        with self.writing():
            new, now = self.record(name, version), _now()
            if new.state == "active":
                return
            former = [
                record.turned("deactivated", now)
                for record in self.records()
                if record.name == name and record.state == "active"
            ]
            self._change([*former, new.turned("active", now)])

    def deactivate(self, name: str, version: int | None = None) -> None:
        """Lay a key down: it reads, and protects no more. None is the one in force."""
        with self.writing():
            found = self._in_force(name) if version is None else None
            self._turn(found or self.record(name, version), "deactivated")

    def compromise(self, name: str, version: int) -> None:
        """Mark a key as known to others: nothing is protected or read with it again."""
        with self.writing():
            self._turn(self.record(name, version), "compromised")

    def destroy(self, name: str, version: int | None = None) -> None:
        """Forget a key (None: the newest); its record stays.

        What it encrypts is lost for good, unless somebody has an older copy of the
        keyring file together with what opens it.
        """
        with self.writing():
            self._turn(self.record(name, version), "destroyed")

    def rotate(self, name: str) -> int:
        """Put a new version in force; the former reads on. Returns the new version.

        Only for a key under which nothing must be written anew (signing keys).
        """
        with self.writing():
            version, _ = self.prepare(name, self.record(name).purpose)
            self.activate(name, version)
        return version

    def mark(self) -> str:
        """The mark of the keyring file, as the ledger holds it."""
        return self._file.mark()

    def unwrap(self, record: KeyRecord) -> None:
        """Check that a record's envelope holds its key. Raises HomeError if not."""
        self._unwrapped(record)

    def ledger(self) -> Ledger:
        """The ledger of this keyring's home, under its key.

        Its key's age stops nothing: a ledger that takes no entry would stop the home
        and with it every act that could mend it.
        """
        key = self._unwrapped(self._in_force(LEDGER_KEY))
        path = self._file.path.with_name("ledger.jsonl")
        return Ledger(path, key, self._file.noted_end())

    def is_last_written(self) -> bool:
        """Whether the file is the one that was last entered as written."""
        entry = self.ledger().newest(WRITTEN)
        return entry is not None and entry["facts"] == {"seal": self.mark()}

    def writing(self) -> AbstractContextManager[None]:
        """Hold the keyring alone, in all processes: nobody else changes it."""
        return holding(self._file.path.with_suffix(".lock"), "keyring")

    def _protecting(self, name: str, now: datetime) -> KeyRecord:
        record = self._in_force(name)
        if not record.protects(now):
            raise record.refusal()
        return record

    def _reading(self, name: str, version: int | None, now: datetime) -> KeyRecord:
        wanted = self.record(name, version)
        ready = self._readable(name, now)
        if version is not None:
            ready = [record for record in ready if record == wanted]
        if not ready:
            raise wanted.refusal()
        return newest(ready)

    def _readable(self, name: str, now: datetime) -> list[KeyRecord]:
        return [r for r in self.records() if r.name == name and r.reads(now)]

    def _in_force(self, name: str) -> KeyRecord:
        named = [record for record in self.records() if record.name == name]
        for record in named:
            if record.state == "active":
                return record
        # A version that was once in force says more than one that is only prepared.
        once = [record for record in named if record.state != "pre_active"]
        raise newest(once or named).refusal()

    def _unwrapped(self, record: KeyRecord) -> bytes:
        try:
            envelope = b64decode(record.wrapped, validate=True)
            key = self._provider.unwrap(envelope, record.context)
        except (CodedError, ValueError):
            raise damaged() from None
        if check_value(key) != record.check_value:
            raise damaged()
        return key

    def _add(
        self, name: str, purpose: Purpose, state: State, now: datetime
    ) -> tuple[int, bytes]:
        same = [record for record in self.records() if record.name == name]
        if any(record.purpose != purpose for record in same):
            raise HomeError("key_purpose", "that name has keys for another purpose")
        key = generate_key()
        version = 1 + max((record.version for record in same), default=0)
        bare = new_record(name, purpose, version, state, now, check_value(key))
        envelope = self._provider.wrap(key, bare.context)
        new = replace(bare, wrapped=b64encode(envelope).decode("ascii"))
        event = "key_generated" if state == "active" else "key_prepared"
        self._write([(event, new)], (*self.records(), new))
        return version, key

    def _turn(self, record: KeyRecord, state: State) -> None:
        self._change([record.turned(state, _now())])

    def _change(self, changed: list[KeyRecord]) -> None:
        by_key = {(record.name, record.version): record for record in changed}
        records = [by_key.get((r.name, r.version), r) for r in self.records()]
        self._write([(_EVENTS[r.state], r) for r in changed], records)

    def _write(
        self, acts: list[tuple[str, KeyRecord]], records: Iterable[KeyRecord]
    ) -> None:
        """Enter the acts and the mark of the new file, then put it in place.

        The ledger's own key comes first of all, when there is nothing to enter it in;
        later it has no other state, for without it nothing can be done.
        """
        if any(record.name == LEDGER_KEY for _, record in acts):
            if any(record.name == LEDGER_KEY for record in self.records()):
                raise HomeError("ledger_key_stays", "the ledger's key stays as it is")
            self._file.write(self._file.drafted(records))
            return
        ledger, end = self.ledger(), START
        for event, of in acts:
            end = ledger.append(
                event, key=of.name, purpose=of.purpose, version=of.version
            )
        content = self._file.drafted(records, ledger=end)
        ledger.append(WRITTEN, seal=mark_of(content))
        self._file.write(content)


_EVENTS: dict[State, str] = {
    "pre_active": "key_prepared",
    "active": "key_activated",
    "deactivated": "key_deactivated",
    "compromised": "key_compromised",
    "destroyed": "key_destroyed",
}


def _now() -> datetime:
    return datetime.now(UTC)
