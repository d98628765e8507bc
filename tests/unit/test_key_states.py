"""States and periods of keys: what a key may be used for, and every use refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from parity.home import HomeError
from parity.home.key_record import (
    KeyRecord,
    Purpose,
    State,
    at,
    cryptoperiods,
    new_record,
    read_record,
)
from parity.home.keyring import Keyring
from parity.home.secret import WrappingKey
from pseudonymisation.keys import generate_key

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
STATES: tuple[State, ...] = get_args(State)

# Written out again, so that a slip in the code's own table is seen.
LEGAL = {
    ("pre_active", "active"),
    ("pre_active", "compromised"),
    ("pre_active", "destroyed"),
    ("active", "deactivated"),
    ("active", "compromised"),
    ("active", "destroyed"),
    ("deactivated", "compromised"),
    ("deactivated", "destroyed"),
    ("compromised", "destroyed"),
}
# Days from its making that a key of each purpose protects, and reads.
PERIODS = {
    "derivation": (365, 730),
    "root": (1095, 1460),
    "linkage": (3650, 3650),
    "ledger": (3650, 7300),
    "receipt": (3650, 3650),
    "sealing": (730, 1825),
    "signing": (730, 3650),
    "file": (730, 1825),
    "exchange": (3, 3),
}


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    """A keyring with the ledger's key alone; quick, because no passphrase is asked."""
    made = Keyring.create(tmp_path / "keyring.json", WrappingKey(generate_key()))
    made.generate("ledger", "ledger")
    return made


def a_record(state: State, purpose: Purpose = "file") -> KeyRecord:
    return new_record("landed", purpose, 1, state, NOW, "0" * 16)


@pytest.mark.parametrize(("before", "after"), list(product(STATES, STATES)))
def test_transitions(before: State, after: State) -> None:
    """Exactly these turn into those; every other change is refused by its code."""
    record, later = a_record(before), NOW + timedelta(days=1)
    if (before, after) not in LEGAL:
        with pytest.raises(HomeError, match="key_transition"):
            record.turned(after, later)
        return
    turned = record.turned(after, later)
    assert (turned.state, at(turned.changed_at)) == (after, later)
    assert (turned.created_at, turned.context) == (record.created_at, record.context)


def test_periods() -> None:
    """Each purpose has its days, and a record the dates that follow from them."""
    assert set(PERIODS) == set(get_args(Purpose)) == set(cryptoperiods())
    for purpose, days in PERIODS.items():
        record = a_record("active", purpose)  # type: ignore[arg-type]
        ends = (at(record.protects_until), at(record.reads_until))
        assert ends == tuple(NOW + timedelta(days=n) for n in days)
        assert days[0] <= days[1]


Use = Callable[[Keyring, int], object]
PROTECT: Use = lambda keyring, _: keyring.key("package:one")  # noqa: E731
READ: Use = lambda keyring, _: keyring.key_to_read("package:one")  # noqa: E731
READ_IT: Use = lambda keyring, v: keyring.key_to_read("package:one", v)  # noqa: E731
FILL: Use = lambda keyring, v: keyring.prepared("package:one", v)  # noqa: E731


def in_state(keyring: Keyring, state: State) -> tuple[int, bytes]:
    """A key brought into a state by the acts that lead there."""
    version, key = keyring.prepare("package:one", "file")
    if state in ("active", "deactivated"):
        keyring.activate("package:one", version)
    if state == "deactivated":
        keyring.deactivate("package:one")
    if state == "compromised":
        keyring.compromise("package:one", version)
    if state == "destroyed":
        keyring.destroy("package:one", version)
    assert keyring.record("package:one").state == state
    return version, key


@pytest.mark.parametrize(
    ("state", "protect", "read", "fill"),
    [
        ("pre_active", "key_pre_active", "key_pre_active", ""),
        ("active", "", "", ""),
        ("deactivated", "key_deactivated", "", "key_deactivated"),
        ("compromised", "key_compromised", "key_compromised", "key_compromised"),
        ("destroyed", "key_destroyed", "key_destroyed", "key_destroyed"),
    ],
)
def test_use_in_a_state(
    keyring: Keyring, state: State, protect: str, read: str, fill: str
) -> None:
    """Given for what its state allows; refused otherwise, each refusal by its code."""
    version, key = in_state(keyring, state)
    for use, code in ((PROTECT, protect), (READ, read), (READ_IT, read), (FILL, fill)):
        if code:
            with pytest.raises(HomeError) as refusal:
                use(keyring, version)
            assert refusal.value.code == code
        else:
            assert use(keyring, version) == key


@pytest.mark.parametrize("purpose", [p for p in PERIODS if p != "ledger"])
def test_use_by_date(keyring: Keyring, purpose: Purpose) -> None:
    """To the last second of its period, and not at its end."""
    keyring.generate("one", purpose)
    record, second = keyring.record("one"), timedelta(seconds=1)
    protects, reads = at(record.protects_until), at(record.reads_until)
    assert keyring._protecting("one", protects - second) == record
    with pytest.raises(HomeError, match="key_expired"):
        keyring._protecting("one", protects)
    for version in (None, 1):
        assert keyring._reading("one", version, reads - second) == record
        with pytest.raises(HomeError, match="key_expired"):
            keyring._reading("one", version, reads)


def test_expired_key_by_the_clock(
    keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the public functions ask is the clock; the ledger writes on all the same."""
    keyring.generate("one", "file")
    year = timedelta(days=366)
    monkeypatch.setattr(
        "parity.home.keyring._now", lambda: datetime.now(UTC) + 2 * year
    )
    with pytest.raises(HomeError, match="key_expired"):
        keyring.key("one")
    assert keyring.key_to_read("one")
    assert keyring.version("one") == 1
    monkeypatch.setattr(
        "parity.home.keyring._now", lambda: datetime.now(UTC) + 11 * year
    )
    with pytest.raises(HomeError, match="key_expired"):
        keyring.key_to_read("one")
    assert keyring.versions_to_read("one") == ()
    with pytest.raises(HomeError, match="key_expired"):
        keyring.key("ledger")
    assert keyring.ledger().append("event").count > 0


def test_unknown_names_and_versions(keyring: Keyring) -> None:
    """A name or a version that there never was."""
    keyring.generate("one", "file")
    for use in (
        lambda: keyring.key("none"),
        lambda: keyring.key_to_read("none"),
        lambda: keyring.key_to_read("one", 2),
        lambda: keyring.prepared("one", 2),
        lambda: keyring.activate("one", 2),
        lambda: keyring.deactivate("none"),
        lambda: keyring.compromise("one", 2),
        lambda: keyring.destroy("one", 2),
        lambda: keyring.rotate("none"),
        lambda: keyring.version("none"),
    ):
        with pytest.raises(HomeError, match="no_such_key"):
            use()
    assert keyring.versions_to_read("none") == ()


@pytest.mark.attack(24)
def test_activation_is_one_step_and_can_be_done_again(
    keyring: Keyring, tmp_path: Path
) -> None:
    """The new is in force and the former laid down, or nothing happened."""
    former = keyring.generate("one", "file")
    version, key = keyring.prepare("one", "file")
    assert (version, keyring.key("one"), keyring.version("one")) == (2, former, 1)
    keyring.activate("one", version)
    assert (keyring.key("one"), keyring.version("one")) == (key, 2)
    assert keyring.key_to_read("one", 1) == former
    assert [r.state for r in keyring.records()[1:]] == ["deactivated", "active"]
    before = (tmp_path / "keyring.json").read_bytes()
    keyring.activate("one", version)
    assert (tmp_path / "keyring.json").read_bytes() == before
    with pytest.raises(HomeError, match="key_transition"):
        keyring.activate("one", 1)


def test_newest_readable_is_read_by_default(keyring: Keyring) -> None:
    """Until it is marked; then the one before it."""
    former = keyring.generate("one", "signing")
    assert keyring.rotate("one") == 2
    assert keyring.key_to_read("one") == keyring.key("one") != former
    assert keyring.versions_to_read("one") == (1, 2)
    keyring.compromise("one", 2)
    with pytest.raises(HomeError, match="key_compromised"):
        keyring.key("one")
    assert keyring.key_to_read("one") == former
    keyring.destroy("one", 1)
    with pytest.raises(HomeError, match="key_compromised"):
        keyring.key_to_read("one")


def test_prepared_version_hides_no_refusal(keyring: Keyring) -> None:
    """A key that was in force says why it is not, whatever is prepared after it."""
    keyring.generate("one", "file")
    keyring.deactivate("one")
    keyring.prepare("one", "file")
    with pytest.raises(HomeError, match="key_deactivated"):
        keyring.key("one")


def test_a_name_keeps_its_purpose(keyring: Keyring) -> None:
    """A key that signs is never followed by one that opens files."""
    keyring.generate("one", "signing")
    keyring.destroy("one")
    with pytest.raises(HomeError, match="key_purpose"):
        keyring.generate("one", "file")
    with pytest.raises(HomeError, match="key_purpose"):
        keyring.prepare("one", "file")


def test_the_ledger_key_stays(keyring: Keyring) -> None:
    """Without it no act could be entered, and so none be done."""
    for act in (
        lambda: keyring.deactivate("ledger"),
        lambda: keyring.compromise("ledger", 1),
        lambda: keyring.destroy("ledger"),
        lambda: keyring.prepare("ledger", "ledger"),
        lambda: keyring.rotate("ledger"),
    ):
        with pytest.raises(HomeError, match="ledger_key_stays"):
            act()
    assert keyring.record("ledger").state == "active"


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("state", "suspended"),
        ("purpose", "anything"),
        ("version", "1"),
        ("version", True),
        ("name", None),
        ("created_at", "yesterday"),
        ("protects_until", "2026-11-24T09:30:00"),
        ("more", "than known"),
    ],
)
def test_records_that_are_none(said: str, value: object) -> None:
    """An unknown state, purpose, type, date or field."""
    good = vars(a_record("active"))
    assert read_record(good) == a_record("active")
    with pytest.raises((ValueError, TypeError)):
        read_record({**good, said: value})
