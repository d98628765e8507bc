"""Checkpoints: kept elsewhere, they show what a ledger cannot show of itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.home import HomeError
from parity.home.checkpoints import make_checkpoint, read_own, verify_ledger
from parity.home.keyring import Keyring
from parity.home.ledger import Ledger
from parity.home.secret import WrappingKey
from pseudonymisation.errors import LedgerBroken
from pseudonymisation.keys import generate_key
from pseudonymisation.ledger_chain import Head
from pseudonymisation.ledger_checkpoint import sign_checkpoint

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def make(folder: Path) -> Keyring:
    folder.mkdir(exist_ok=True)
    made = Keyring.create(folder / "keyring.json", WrappingKey(generate_key()))
    made.generate("ledger", "ledger")
    made.generate("checkpoint", "signing")
    return made


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return make(tmp_path / "one")


def test_made_at_the_end(keyring: Keyring) -> None:
    """Its making is the last entry; the ledger passes through it ever after."""
    text = make_checkpoint(keyring)
    *_, last = keyring.ledger().entries()
    assert (last["event"], last["facts"]) == ("checkpoint_made", {"version": 1})
    assert read_own(keyring, text).head == keyring.ledger().verify()
    keyring.ledger().append("event")
    assert verify_ledger(keyring, [text]).count == int(str(last["number"])) + 1
    assert verify_ledger(keyring, [text, make_checkpoint(keyring), text]).count > 0


def test_it_holds_no_secret(keyring: Keyring) -> None:
    """Count, tag, time, public key, signature; no key and no name of a file."""
    text = make_checkpoint(keyring)
    fields = {"format", "count", "tag", "at", "public_key", "signature"}
    assert json.loads(text).keys() == fields
    for name in keyring.names():
        assert keyring.key(name).hex().encode() not in text


def test_cut_off_end(keyring: Keyring, tmp_path: Path) -> None:
    """The one thing that the chain alone cannot show.

    The keyring notes an end whenever it is written: what is cut off since needs more.
    """
    file = tmp_path / "one" / "ledger.jsonl"
    for _ in range(3):
        keyring.ledger().append("event")
    text = make_checkpoint(keyring)
    whole = file.read_bytes().splitlines(keepends=True)
    noted = len(whole) - 5
    for kept in range(len(whole)):
        file.write_bytes(b"".join(whole[:kept]))
        if kept < noted:
            with pytest.raises(LedgerBroken, match="ledger_shortened"):
                verify_ledger(keyring)
        else:
            assert verify_ledger(keyring).count == kept
        with pytest.raises(LedgerBroken, match="ledger_shortened"):
            verify_ledger(keyring, [text])
    file.unlink()
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        verify_ledger(keyring, [text])


def test_a_ledger_written_anew(keyring: Keyring, tmp_path: Path) -> None:
    """Even by who has all keys: another history does not pass the old checkpoint."""
    text, file = make_checkpoint(keyring), tmp_path / "one" / "ledger.jsonl"
    entries = len(file.read_bytes().splitlines())
    file.unlink()
    forged = Ledger(file, keyring.key("ledger"))
    for _ in range(entries + 1):
        forged.append("event")
    assert forged.verify().count == entries + 1
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        verify_ledger(keyring, [text])
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        verify_ledger(keyring)


def test_a_broken_ledger_gets_no_checkpoint(keyring: Keyring, tmp_path: Path) -> None:
    """Nothing is signed that does not hold."""
    file = tmp_path / "one" / "ledger.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"version":1', b'"version":2', 1))
    with pytest.raises(LedgerBroken, match="ledger_altered"):
        make_checkpoint(keyring)


def test_checkpoint_of_another_home(keyring: Keyring, tmp_path: Path) -> None:
    """Foreign, even when it names our public key."""
    foreign = make_checkpoint(make(tmp_path / "two"))
    with pytest.raises(LedgerBroken, match="checkpoint_foreign"):
        verify_ledger(keyring, [foreign])
    ours = json.loads(make_checkpoint(keyring))["public_key"].encode()
    theirs = json.loads(foreign)["public_key"].encode()
    with pytest.raises(LedgerBroken, match="checkpoint_altered"):
        verify_ledger(keyring, [foreign.replace(theirs, ours)])


def test_forged_checkpoint(keyring: Keyring) -> None:
    """Who has the ledger but not the signing key cannot make one."""
    forged = sign_checkpoint(generate_key(), keyring.ledger().verify(), NOW)
    with pytest.raises(LedgerBroken, match="checkpoint_foreign"):
        verify_ledger(keyring, [forged])


@pytest.mark.parametrize("field", ["count", "tag", "at", "public_key", "signature"])
def test_edited_checkpoint(keyring: Keyring, field: str) -> None:
    """Any field changed, in its own form."""
    said = json.loads(make_checkpoint(keyring))
    value = said[field]
    if field == "at":
        said[field] = value.replace("20", "21", 1)
    elif field == "count":
        said[field] = value - 1
    else:
        said[field] = ("0" if value[0] != "0" else "1") + value[1:]
    edited = json.dumps(said, indent=1).encode() + b"\n"
    with pytest.raises(LedgerBroken, match=r"checkpoint_(altered|foreign)"):
        verify_ledger(keyring, [edited])


def test_every_byte_of_a_checkpoint(keyring: Keyring) -> None:
    """One flipped bit, one byte less, one more: nothing but the very text is taken."""
    text = make_checkpoint(keyring)
    others = [
        text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]
        for place in range(len(text))
    ]
    for other in (*others, text[:-1], text + b"\n", b" " + text, b"", b"{}", b"[]"):
        with pytest.raises(LedgerBroken, match="checkpoint_"):
            read_own(keyring, other)


def test_checkpoints_outlive_their_key(keyring: Keyring) -> None:
    """Signed by a former version they are believed; by a marked one they are not."""
    text = make_checkpoint(keyring)
    keyring.rotate("checkpoint")
    later = make_checkpoint(keyring)
    assert json.loads(text)["public_key"] != json.loads(later)["public_key"]
    assert verify_ledger(keyring, [text, later]).count > 0
    keyring.compromise("checkpoint", 1)
    with pytest.raises(LedgerBroken, match="checkpoint_foreign"):
        verify_ledger(keyring, [text])
    assert verify_ledger(keyring, [later]).count > 0
    keyring.deactivate("checkpoint")
    with pytest.raises(HomeError, match="key_deactivated"):
        make_checkpoint(keyring)
    assert verify_ledger(keyring, [later]).count > 0


KEY, SIGNING = generate_key(), generate_key()
LINES = 8


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, Head]:
    """A ledger of some entries, its bytes and its end as a checkpoint holds it."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    for number in range(LINES):
        Ledger(path, KEY).append("event", number=number)
    return path, path.read_bytes(), Ledger(path, KEY).verify()


def _edit(content: bytes, place: int, bit: int) -> bytes:
    place %= max(1, len(content))
    one = bytes([content[place] ^ (1 << bit)]) if content else b""
    return content[:place] + one + content[place + 1 :]


def _without(content: bytes, place: int, _: int) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[place % max(1, len(lines)) : place % max(1, len(lines)) + 1]
    return b"".join(lines)


def _swap(content: bytes, one: int, two: int) -> bytes:
    lines = content.splitlines(keepends=True)
    if lines:
        one, two = one % len(lines), two % len(lines)
        lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def _double(content: bytes, one: int, two: int) -> bytes:
    lines = content.splitlines(keepends=True)
    if lines:
        lines.insert(two % len(lines), lines[one % len(lines)])
    return b"".join(lines)


def _cut(content: bytes, place: int, _: int) -> bytes:
    return content[: place % (len(content) + 1)]


tampering = st.lists(
    st.tuples(
        st.sampled_from([_edit, _without, _swap, _double, _cut]),
        st.integers(0, 4000),
        st.integers(0, 7),
    ),
    min_size=1,
    max_size=4,
)


@given(tampering)
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_tampering(
    kept: tuple[Path, bytes, Head],
    done: list[tuple[object, int, int]],
) -> None:
    """Edits, deletions, swaps, doublings, cuts, in any mixture: all seen.

    What leaves the bytes as they were is no tampering, and holds.
    """
    path, whole, end = kept
    content = whole
    for change, one, two in done:
        content = change(content, one, two)  # type: ignore[operator]
    path.write_bytes(content)
    if content == whole:
        assert Ledger(path, KEY).verify(end) == end
    else:
        with pytest.raises(LedgerBroken):
            Ledger(path, KEY).verify(end)
