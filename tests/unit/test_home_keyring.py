"""The keyring: keys come back for the passphrase, and altered records do not pass."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.home import Home, HomeError, init
from parity.home.keyring import Keyring
from parity.home.secret import SecretBytes
from parity.home.unlock import open_keyring, passphrase
from pseudonymisation.errors import KeyRefused


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Made once; each test has a copy, so that it may break it."""
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return Home.find(shutil.copytree(made.root, tmp_path / "home"))


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


def alter(home: Home, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(home.keyring_file.read_text())
    change(content)
    home.keyring_file.write_text(json.dumps(content))


def test_opens_again_with_the_same_keys(home: Home, keyring: Keyring) -> None:
    """Keys do not change by opening."""
    again = open_keyring(home)
    assert again.names() == keyring.names()
    assert [again.key(n) for n in again.names()] == [
        keyring.key(n) for n in keyring.names()
    ]


def test_wrong_passphrase(home: Home) -> None:
    """Told apart from damage, by its code."""
    with pytest.raises(HomeError, match="wrong_passphrase"):
        Keyring.open(home, SecretBytes(b"not the passphrase"))


@pytest.mark.attack(11)
def test_no_key_in_the_file_or_in_print(home: Home, keyring: Keyring) -> None:
    """Neither raw, nor hex, nor in a repr, a record or a pickle."""
    shown = home.keyring_file.read_bytes() + repr(keyring).encode()
    shown += repr(keyring.records()).encode() + repr(vars(keyring).keys()).encode()
    for name in keyring.names():
        assert keyring.key(name) not in shown
        assert keyring.key(name).hex().encode() not in shown
    for secret in (keyring, passphrase(home)):
        with pytest.raises(HomeError, match="not_picklable"):
            pickle.dumps(secret)
    assert repr(passphrase(home)) == "<SecretBytes>"


def test_new_key(home: Home, keyring: Keyring) -> None:
    """Comes back after opening again; a second active one of a name does not."""
    key = keyring.generate("package:one", "file")
    assert open_keyring(home).key("package:one") == key
    with pytest.raises(HomeError, match="key_exists"):
        keyring.generate("package:one", "file")
    *_, entry, written = keyring.ledger().entries()
    assert (written["event"], written["facts"]) == (
        "keyring_written",
        {"seal": keyring.mark()},
    )
    assert (entry["event"], entry["facts"]) == (
        "key_generated",
        {"key": "package:one", "purpose": "file", "version": 1},
    )


def test_destroyed_key(home: Home, keyring: Keyring) -> None:
    """Is gone from the file; its record stays; a new one is another version."""
    old = keyring.generate("package:one", "file")
    wrapped = keyring.record("package:one").wrapped
    keyring.destroy("package:one")
    assert wrapped not in home.keyring_file.read_text()
    with pytest.raises(HomeError, match="key_destroyed"):
        keyring.key("package:one")
    assert "package:one" not in keyring.names()
    assert keyring.generate("package:one", "file") != old
    versions = [r.version for r in keyring.records() if r.name == "package:one"]
    assert versions == [1, 2]
    assert keyring.record("package:one").state == "active"
    assert [entry["event"] for entry in keyring.ledger().entries()][-6::2] == [
        "key_generated",
        "key_destroyed",
        "key_generated",
    ]


def test_unknown_key(keyring: Keyring) -> None:
    """A name that there never was."""
    with pytest.raises(HomeError, match="no_such_key"):
        keyring.key("none")


@pytest.mark.attack(15)
@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("purpose", "file"),
        ("version", 2),
        ("created_at", "2020-01-01"),
        ("check_value", "00" * 8),
        ("wrapped", ""),
        ("wrapped", "not base64!"),
    ],
)
def test_altered_record(
    home: Home, keyring: Keyring, said: str, value: str | int
) -> None:
    """What is said of a key is bound to it: the root key is never a file's."""
    alter(home, lambda c: c["keys"][1].__setitem__(said, value))
    with pytest.raises(HomeError, match="keyring_damaged"):
        keyring.key("root")


@pytest.mark.attack(15)
def test_swapped_keys(home: Home, keyring: Keyring) -> None:
    """One key's envelope under another's record does not open."""

    def swap(content: dict[str, Any]) -> None:
        one, two = content["keys"][5], content["keys"][6]
        one["wrapped"], two["wrapped"] = two["wrapped"], one["wrapped"]
        one["check_value"], two["check_value"] = two["check_value"], one["check_value"]

    alter(home, swap)
    with pytest.raises(HomeError, match="keyring_damaged"):
        keyring.key("vault")


@pytest.mark.attack(15)
def test_check_value_is_checked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that opens but is not the recorded one is refused."""
    keyring = open_keyring(home)
    monkeypatch.setattr("parity.home.keyring.check_value", lambda _: "00" * 8)
    with pytest.raises(HomeError, match="keyring_damaged"):
        keyring.key("root")


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.__delitem__("provider"),
        lambda c: c["provider"]["scrypt"].__setitem__("salt", "zz"),
        lambda c: c["provider"]["scrypt"].__setitem__("n", "many"),
        lambda c: c.__setitem__("format", "other"),
        lambda c: c["provider"].__delitem__("check"),
    ],
)
def test_damaged_file(home: Home, change: Callable[[dict[str, Any]], object]) -> None:
    """Refused before anything is tried with it."""
    secret = passphrase(home)
    alter(home, change)
    with pytest.raises(HomeError, match="keyring_damaged"):
        Keyring.open(home, secret)


@pytest.mark.parametrize("content", ["", "[]", "{", "\xff"])
def test_file_that_is_no_keyring(home: Home, content: str) -> None:
    """Something else under its name."""
    home.keyring_file.write_text(content, encoding="latin-1")
    with pytest.raises(HomeError, match="keyring_damaged"):
        open_keyring(home)


@pytest.mark.parametrize("keys", ["missing", [{}], [1]])
def test_damaged_records(home: Home, keyring: Keyring, keys: object) -> None:
    """Records that are no records."""
    alter(home, lambda c: c.update(keys=keys) if keys != "missing" else c.pop("keys"))
    with pytest.raises(HomeError, match="keyring_damaged"):
        keyring.names()


@pytest.mark.attack(15)
def test_cheap_cost_is_refused(home: Home) -> None:
    """A file that asks for less work than we ever ask was altered."""
    alter(home, lambda c: c["provider"]["scrypt"].update(n=1024))
    with pytest.raises(KeyRefused, match="scrypt_cost"):
        open_keyring(home)


@pytest.mark.attack(13)
def test_readable_keyring_is_refused(home: Home) -> None:
    """Wrapped or not: mode 0600."""
    home.keyring_file.chmod(0o644)
    with pytest.raises(HomeError, match="mode"):
        open_keyring(home)


def test_keyring_is_made_once(home: Home) -> None:
    """A second one would lose the first one's keys."""
    with pytest.raises(HomeError, match="keyring_exists"):
        Keyring.create(home.keyring_file, SecretBytes(b"another passphrase"))


def test_no_entry_no_key(
    home: Home, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the ledger cannot be written, no key is made or destroyed."""
    before = home.keyring_file.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr("parity.home.ledger.Ledger.append", full)
    with pytest.raises(OSError, match="no space"):
        keyring.generate("package:one", "file")
    with pytest.raises(OSError, match="no space"):
        keyring.destroy("landed")
    assert home.keyring_file.read_bytes() == before
