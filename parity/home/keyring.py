"""The keyring: every key of a home, wrapped under its passphrase, in one 0600 file.

A passphrase becomes a key by scrypt; from that come two keys by HKDF, one that wraps
(AES-256-GCM) and one whose check value tells a wrong passphrase from a damaged file.
All that is said about a key (name, purpose, version, state, dates) is authenticated
with it, so that no record can be passed off as another. An opened keyring holds the
wrapping key alone; a key is unwrapped when it is asked for.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from parity.home.errors import HomeError
from parity.home.ledger import Ledger
from parity.home.lock import holding
from parity.home.private_files import read_private, write_private
from parity.home.secret import SecretBytes
from pseudonymisation.derivation import derive
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import CodedError
from pseudonymisation.keys import check_value, generate_key
from pseudonymisation.passphrase_key import Cost, key_from_passphrase, new_cost

if TYPE_CHECKING:
    from parity.home.layout import Home

Purpose = Literal[
    "derivation", "linkage", "ledger", "receipt", "sealing", "signing", "file"
]
State = Literal["active", "destroyed"]

LEDGER_KEY = "ledger"

_FORMAT = "parity-keyring-1"


@dataclass(frozen=True)
class KeyRecord:
    """What is known of one key. wrapped: its envelope, empty once destroyed."""

    name: str
    purpose: Purpose
    version: int
    state: State
    created_at: str
    changed_at: str
    check_value: str
    wrapped: str = field(default="", repr=False)

    @property
    def context(self) -> bytes:
        """What the envelope is bound to: everything said here about the key."""
        said = {k: str(v) for k, v in asdict(self).items() if k != "wrapped"}
        return encode("keyring-record", *[p for pair in said.items() for p in pair])


class Keyring:
    """The keys of a home, unlocked. Shows none of them when printed."""

    def __init__(self, path: Path, wrapping_key: bytes) -> None:
        self._path = path
        self._wrapping_key = wrapping_key

    def __repr__(self) -> str:
        return f"<Keyring {self._path.name}>"

    def __reduce__(self) -> str:
        raise HomeError("not_picklable", "a keyring stays in its process")

    @classmethod
    def create(
        cls, path: Path, passphrase: SecretBytes, cost: Cost | None = None
    ) -> Keyring:
        """A new keyring without keys. Raises HomeError when there is one already."""
        if path.exists():
            raise HomeError("keyring_exists", "this home has a keyring already")
        cost = cost or new_cost()
        wrapping_key, check = _open_with(passphrase, cost)
        content = {
            "format": _FORMAT,
            "scrypt": {"n": cost.n, "r": cost.r, "p": cost.p, "salt": cost.salt.hex()},
            "passphrase_check": check,
            "keys": [],
        }
        write_private(path, _written(content))
        return cls(path, wrapping_key)

    @classmethod
    def open(cls, home: Home, passphrase: SecretBytes) -> Keyring:
        """A home's keyring. Raises HomeError: wrong_passphrase, keyring_damaged."""
        content = _read(home.keyring_file)
        try:
            told = content["scrypt"]
            salt = bytes.fromhex(told["salt"])
            n, r, p = (int(told[name]) for name in ("n", "r", "p"))
            cost = Cost(salt=salt, n=n, r=r, p=p)
            expected = str(content["passphrase_check"])
        except (KeyError, TypeError, ValueError):
            raise _damaged() from None
        wrapping_key, check = _open_with(passphrase, cost)
        if not hmac.compare_digest(check.encode(), expected.encode()):
            raise HomeError("wrong_passphrase", "the passphrase is not this home's")
        return cls(home.keyring_file, wrapping_key)

    def records(self) -> tuple[KeyRecord, ...]:
        """Every key that there is or was, in order of creation."""
        try:
            return tuple(KeyRecord(**record) for record in _read(self._path)["keys"])
        except (KeyError, TypeError):
            raise _damaged() from None

    def names(self) -> tuple[str, ...]:
        """The names of the active keys."""
        return tuple(r.name for r in self.records() if r.state == "active")

    def record(self, name: str) -> KeyRecord:
        """The newest key of a name. Raises HomeError when there never was one."""
        found = [record for record in self.records() if record.name == name]
        if not found:
            raise HomeError("no_such_key", "there is no key of that name")
        return max(found, key=lambda record: record.version)

    def key(self, name: str) -> bytes:
        """The bytes of an active key. Raises HomeError: no_such_key, key_destroyed."""
        record = self.record(name)
        if record.state != "active":
            raise HomeError("key_destroyed", "that key was destroyed")
        try:
            envelope = b64decode(record.wrapped, validate=True)
            key = unseal(self._wrapping_key, envelope, record.context)
        except (CodedError, ValueError):
            raise _damaged() from None
        if check_value(key) != record.check_value:
            raise _damaged()
        return key

    def version(self, name: str) -> int:
        """The version of the key that `key` gives. Raises HomeError as `key` does."""
        return self.record(name).version

    def generate(self, name: str, purpose: Purpose) -> bytes:
        """A new active key. Raises HomeError when the name has an active one."""
        with self._writing():
            same = [record for record in self.records() if record.name == name]
            if any(record.state == "active" for record in same):
                raise HomeError("key_exists", "there is an active key of that name")
            now, key = _now(), generate_key()
            version = 1 + max((record.version for record in same), default=0)
            bare = KeyRecord(
                name, purpose, version, "active", now, now, check_value(key)
            )
            envelope = seal(self._wrapping_key, key, bare.context)
            new = replace(bare, wrapped=b64encode(envelope).decode("ascii"))
            self._note("key_generated", new)
            self._write((*self.records(), new))
        return key

    def destroy(self, name: str) -> None:
        """Forget a key; its record stays. What it encrypts is lost for good."""
        with self._writing():
            record = self.record(name)
            gone = replace(record, state="destroyed", changed_at=_now(), wrapped="")
            self._note("key_destroyed", gone)
            self._write([gone if r == record else r for r in self.records()])

    def ledger(self) -> Ledger:
        """The ledger of this keyring's home, under its key."""
        return Ledger(self._path.with_name("ledger.jsonl"), self.key(LEDGER_KEY))

    def _note(self, event: str, record: KeyRecord) -> None:
        # The ledger's own key comes first of all; there is no ledger to note it in.
        if record.name != LEDGER_KEY:
            self.ledger().append(
                event, key=record.name, purpose=record.purpose, version=record.version
            )

    def _writing(self) -> AbstractContextManager[None]:
        return holding(self._path.with_suffix(".lock"), "keyring")

    def _write(self, records: Iterable[KeyRecord]) -> None:
        content = _read(self._path) | {"keys": [asdict(record) for record in records]}
        write_private(self._path, _written(content))


def _open_with(passphrase: SecretBytes, cost: Cost) -> tuple[bytes, str]:
    key = key_from_passphrase(passphrase.reveal(), cost)
    check = check_value(derive(key, "keyring", "passphrase-check"))
    return derive(key, "keyring", "wrapping"), check


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_private(path))
    except ValueError:
        raise _damaged() from None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise _damaged()
    return content


def _written(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode("ascii") + b"\n"


def _damaged() -> HomeError:
    return HomeError("keyring_damaged", "the keyring is damaged or was altered")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
