"""The seal of the keyring, and what shows a keyring that was put back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from parity.home import HomeError
from parity.home.key_record import KeyRecord
from parity.home.keyring import Keyring
from parity.home.keyring_check import check_keyring, seen_at_opening
from parity.home.private_files import write_private
from parity.home.secret import WrappingKey
from pseudonymisation.errors import LedgerBroken
from pseudonymisation.keys import generate_key

NAMES = ("ledger", "root", "landed")
FIELDS = tuple(field.name for field in fields(KeyRecord))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keyring.json"


@pytest.fixture
def keyring(file: Path) -> Keyring:
    made = Keyring.create(file, WrappingKey(generate_key()))
    made.generate("ledger", "ledger")
    made.generate("root", "derivation")
    made.generate("landed", "file")
    return made


def alter(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def codes(keyring: Keyring) -> list[str]:
    return [finding.code for finding in check_keyring(keyring).findings]


def flipped(value: str | int) -> str | int:
    """The same but for its last bit."""
    if isinstance(value, int):
        return value ^ 1
    return value[:-1] + chr(ord(value[-1]) ^ 1)


@pytest.mark.attack(15)
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("place", range(len(NAMES)))
def test_every_field_of_every_record(
    file: Path, keyring: Keyring, place: int, field: str
) -> None:
    """One flipped bit anywhere, and no key is given."""
    keyring.key("landed")
    alter(
        file,
        lambda c: c["keys"][place].update({field: flipped(c["keys"][place][field])}),
    )
    for use in (keyring.records, lambda: keyring.key("root"), keyring.ledger):
        with pytest.raises(HomeError, match="keyring_damaged"):
            use()


def move(content: dict[str, Any], *order: int) -> None:
    content["keys"] = [content["keys"][place] for place in order]


@pytest.mark.attack(15)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c: move(c, 0, 1), id="last removed"),
        pytest.param(lambda c: move(c, 1, 2), id="first removed"),
        pytest.param(lambda c: move(c), id="all removed"),
        pytest.param(lambda c: move(c, 0, 1, 2, 2), id="doubled"),
        pytest.param(lambda c: move(c, 0, 2, 1), id="swapped"),
        pytest.param(lambda c: c["keys"][1].update(state="destroyed"), id="state"),
        pytest.param(lambda c: c["keys"][1].update(state="suspended"), id="unknown"),
        pytest.param(lambda c: c["keys"][1].update(more="x"), id="one field more"),
        pytest.param(lambda c: c["keys"][1].pop("purpose"), id="one field less"),
        pytest.param(lambda c: c["provider"].update(name="passphrase"), id="provider"),
        pytest.param(lambda c: c["provider"].update(check="00" * 8), id="check value"),
        pytest.param(lambda c: c.update(more="x"), id="something more"),
        pytest.param(lambda c: c.update(seal="0" * 64), id="another seal"),
        pytest.param(lambda c: c.update(seal=None), id="empty seal"),
        pytest.param(lambda c: c.pop("seal"), id="no seal"),
    ],
)
def test_the_file_as_a_whole(
    file: Path, keyring: Keyring, change: Callable[[dict[str, Any]], object]
) -> None:
    """Records taken out, doubled, moved, made up; what stands around them."""
    alter(file, change)
    with pytest.raises(HomeError, match="keyring_damaged"):
        keyring.records()
    with pytest.raises(HomeError, match="keyring_damaged"):
        keyring.generate("another", "file")


def test_form_does_not_matter(file: Path, keyring: Keyring) -> None:
    """The seal is over what is said: the same written otherwise is the same."""
    alter(file, lambda _: None)
    assert keyring.names() == NAMES


def test_sealed_nonsense(keyring: Keyring) -> None:
    """An unknown state is refused though whoever wrote it had the key."""
    content = keyring._file.drafted(keyring.records())
    content["keys"][1]["state"] = "suspended"
    content.pop("seal")
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    seal = keyring._provider.seal(canonical)
    keyring._file.write({**content, "seal": seal})
    with pytest.raises(HomeError, match="keyring_damaged"):
        keyring.records()


def test_the_check_finds_nothing(keyring: Keyring) -> None:
    """On a keyring that was used as it should be."""
    keyring.prepare("landed", "file")
    keyring.activate("landed", 2)
    keyring.destroy("landed", 1)
    keyring.compromise("root", 1)
    check = check_keyring(keyring)
    assert (check.findings, check.opened, check.expired) == ((), 3, ())
    assert check.ledger == keyring.ledger().verify()


@pytest.mark.attack(10)
def test_put_back(file: Path, keyring: Keyring) -> None:
    """A keyring from before a key was destroyed is sealed too; the ledger tells."""
    before = file.read_bytes()
    keyring.destroy("landed")
    assert codes(keyring) == []
    write_private(file, before)
    assert keyring.key("landed")
    assert codes(keyring) == ["keyring_rolled_back", "key_state_rolled_back"]


@pytest.mark.attack(10)
def test_put_back_and_written_since(file: Path, keyring: Keyring) -> None:
    """A later write gives a new mark; the key that came back is told all the same."""
    before = file.read_bytes()
    keyring.destroy("landed")
    write_private(file, before)
    keyring.generate("another", "file")
    assert codes(keyring) == ["key_state_rolled_back"]
    keyring.destroy("landed")
    assert codes(keyring) == []


def test_cut_off_ledger(file: Path, keyring: Keyring) -> None:
    """A ledger without its last entries does not know this keyring."""
    ledger = file.with_name("ledger.jsonl")
    keyring.destroy("landed")
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-1]))
    assert codes(keyring) == ["keyring_rolled_back"]
    ledger.write_bytes(b"".join(lines[:-2]))
    assert codes(keyring) == ["ledger_shortened"]
    ledger.unlink()
    assert codes(keyring) == ["ledger_shortened"]


def test_nothing_is_done_on_a_ledger_that_was_cut_off_or_put_back(
    file: Path, keyring: Keyring
) -> None:
    """The keyring notes where the ledger ended; no key changes and no entry is made."""
    ledger = file.with_name("ledger.jsonl")
    earlier = ledger.read_bytes()
    keyring.destroy("landed")
    before = file.read_bytes()
    for content in (earlier, b"", None):
        ledger.unlink() if content is None else ledger.write_bytes(content)
        for act in (
            lambda: keyring.destroy("root"),
            lambda: keyring.generate("another", "file"),
            lambda: keyring.ledger().append("event"),
        ):
            with pytest.raises(LedgerBroken, match="ledger_shortened"):
                act()
        assert file.read_bytes() == before
        assert (ledger.read_bytes() if ledger.exists() else None) == content


@pytest.mark.attack(10)
def test_seen_at_opening(file: Path, keyring: Keyring) -> None:
    """A keyring put back, and a ledger that does not hold at its end: told at once."""
    ledger = file.with_name("ledger.jsonl")
    earlier, before = file.read_bytes(), ledger.read_bytes()
    assert seen_at_opening(keyring) is None
    keyring.destroy("landed")
    for number in range(500):
        keyring.ledger().append("event", number=number)
    after = file.read_bytes()
    assert seen_at_opening(keyring) is None
    write_private(file, earlier)
    assert code_at_opening(keyring) == "keyring_rolled_back"
    write_private(file, after)
    assert seen_at_opening(keyring) is None
    ledger.write_bytes(before)
    assert code_at_opening(keyring) == "ledger_shortened"


def code_at_opening(keyring: Keyring) -> str:
    found = seen_at_opening(keyring)
    assert found is not None
    return found.code


def test_altered_ledger(file: Path, keyring: Keyring) -> None:
    """Is the one thing said then: nothing in it is believed."""
    ledger = file.with_name("ledger.jsonl")
    ledger.write_bytes(ledger.read_bytes().replace(b"landed", b"landfd"))
    check = check_keyring(keyring)
    assert [finding.code for finding in check.findings] == ["ledger_altered"]
    assert check.ledger is None


class Cut(Exception):
    """The power goes."""


def cut(*_: object, **__: object) -> None:
    raise Cut


ACTS: dict[str, Callable[[Keyring], object]] = {
    "generate": lambda k: k.generate("another", "file"),
    "prepare": lambda k: k.prepare("landed", "file"),
    "activate": lambda k: k.activate("root", 2),
    "deactivate": lambda k: k.deactivate("landed"),
    "compromise": lambda k: k.compromise("landed", 1),
    "destroy": lambda k: k.destroy("landed", 1),
}


@pytest.mark.attack(34)
@pytest.mark.parametrize("entries", [0, 1, 2, 3])
@pytest.mark.parametrize("act", ACTS)
def test_crash_in_an_act(
    keyring: Keyring, monkeypatch: pytest.MonkeyPatch, act: str, entries: int
) -> None:
    """After each entry and before the file: the home opens and works as before.

    The check tells what was entered and not done; doing it again settles it.
    """
    keyring.prepare("root", "derivation")
    before = {(r.name, r.version): r.state for r in keyring.records()}
    with monkeypatch.context() as patch:
        _cut_after(patch, entries)
        with pytest.raises(Cut):
            ACTS[act](keyring)
    assert {(r.name, r.version): r.state for r in keyring.records()} == before
    assert keyring.key("landed")
    assert keyring.key("root")
    assert (codes(keyring) == []) is (entries == 0)
    ACTS[act](keyring)
    assert codes(keyring) == []


def _cut_after(patch: pytest.MonkeyPatch, entries: int) -> None:
    """Let so many entries into the ledger, then cut; at the latest before the file."""
    from parity.home.ledger import Ledger

    real, left = Ledger.append, [entries]

    def append(self: Ledger, event: str, **facts: str | int) -> object:
        if left[0] == 0:
            raise Cut
        left[0] -= 1
        return real(self, event, **facts)

    patch.setattr(Ledger, "append", append)
    patch.setattr("parity.home.keyring_file.write_private", cut)
