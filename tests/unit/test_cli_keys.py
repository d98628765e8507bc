"""`parity keys` and `parity ledger` on the command line."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parity.cli.main import main
from parity.home import Home
from parity.home.key_record import KeyRecord, new_record
from parity.home.keyring_check import age_of
from parity.home.private_files import write_private
from parity.home.secret import WrappingKey
from parity.home.setup import init
from pseudonymisation.keys import generate_key

KEY = generate_key()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, under a wrapping key: quick to open."""
    root = tmp_path_factory.mktemp("made") / "home"
    return init(root, synthetic=True, wrapping_key=WrappingKey(KEY)).root


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    credential = tmp_path / "credentials" / "parity-wrapping-key"
    credential.parent.mkdir(mode=0o700)
    write_private(credential, KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credential.parent))
    return shutil.copytree(made, tmp_path / "home")


class Said:
    """Runs a command on a home and reads its JSON."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.capsys = home, capsys

    def __call__(self, *words: str, code: int = 0) -> Any:
        self.capsys.readouterr()
        assert main([*words, "--home", str(self.home), "--json"]) == code
        printed = self.capsys.readouterr().out
        return json.loads(printed) if printed else None


@pytest.fixture
def said(home: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(home, capsys)


def key_named(said: Said, name: str) -> list[dict[str, Any]]:
    return [key for key in said("keys", "list") if key["name"] == name]


def test_generate_retire_and_list(said: Said) -> None:
    """A key's life by hand; what was done is in the ledger."""
    made = said("keys", "generate", "package:researcher", "--purpose", "file")
    assert made == {"name": "package:researcher", "purpose": "file", "version": 1}
    said("keys", "generate", "package:researcher", "--purpose", "file", code=2)
    retired = said("keys", "retire", "package:researcher", "--version", "1")
    assert retired["state"] == "deactivated"
    said("keys", "retire", "package:researcher", "--version", "1", code=2)
    said("keys", "generate", "package:researcher", "--purpose", "file")
    two = ("keys", "retire", "package:researcher", "--version", "2", "--compromised")
    assert said(*two)["state"] == "compromised"
    states = [key["state"] for key in key_named(said, "package:researcher")]
    assert states == ["deactivated", "compromised"]
    assert said("keys", "verify")["holds"] is True
    events = [entry["event"] for entry in said("ledger", "show")]
    assert events[-8:-1:2] == [
        "key_generated",
        "key_deactivated",
        "key_generated",
        "key_compromised",
    ]


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("root", "root"),
        ("linkage", "linkage"),
        ("epoch", "derivation"),
        ("vault", "file"),
        ("package:researcher", "signing"),
        ("publisher", "file"),
        ("package:9990000018", "file"),
        ("package:", "file"),
        ("anything", "file"),
    ],
)
def test_keys_that_no_hand_makes(said: Said, name: str, purpose: str) -> None:
    """Those of the home, other purposes, other names."""
    said("keys", "generate", name, "--purpose", purpose, code=2)


def test_the_ledger_key_is_not_retired(said: Said) -> None:
    """Without it nothing more could be done."""
    said("keys", "retire", "ledger", "--version", "1", code=2)
    assert said("keys", "verify")["holds"] is True


@pytest.mark.parametrize(
    ("state", "days", "age"),
    [
        ("active", 0, ""),
        ("active", 699, ""),
        ("active", 700, "expires soon"),
        ("active", 730, "expired"),
        ("deactivated", 730, ""),
        ("deactivated", 1795, "expires soon"),
        ("deactivated", 1825, "expired"),
        ("compromised", 1825, ""),
        ("destroyed", 1825, ""),
    ],
)
def test_age(state: str, days: int, age: str) -> None:
    """Of a key in force by its protecting, of one laid down by its reading."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    record: KeyRecord = new_record("one", "file", 1, state, now, "")  # type: ignore[arg-type]
    assert age_of(record, now + timedelta(days=days)) == age


def test_old_keys_are_told(
    said: Said, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Listed and warned of; what is expired is refused in use, and still verifies."""
    later = datetime.now(UTC) + timedelta(days=340)

    class Later(datetime):
        @classmethod
        def now(cls, _: object = None) -> datetime:  # type: ignore[override]
            return later

    monkeypatch.setattr("parity.cli.keys.datetime", Later)
    monkeypatch.setattr("parity.home.keyring_check.datetime", Later)
    assert [key["age"] for key in key_named(said, "epoch")] == ["expires soon"]
    assert main(["keys", "list", "--home", str(said.home)]) == 0
    assert "epoch 1: expires soon" in capsys.readouterr().err
    assert said("keys", "verify")["expiring"] == ["epoch 1"]
    later += timedelta(days=60)
    found = said("keys", "verify")
    assert (found["expired"], found["holds"]) == (["epoch 1"], True)


@pytest.mark.attack(10)
def test_a_keyring_put_back_is_found(said: Said) -> None:
    """Exit code 1, with what came back."""
    file = Home.find(said.home).keyring_file
    said("keys", "generate", "package:researcher", "--purpose", "file")
    before = file.read_bytes()
    said("keys", "retire", "package:researcher", "--version", "1", "--compromised")
    write_private(file, before)
    findings = said("keys", "verify", code=1)["findings"]
    assert [(found["code"], found["key"]) for found in findings] == [
        ("keyring_rolled_back", ""),
        ("key_state_rolled_back", "package:researcher 1"),
    ]
    assert main(["keys", "verify", "--home", str(said.home)]) == 1


def test_checkpoint_and_verify(said: Said, tmp_path: Path) -> None:
    """Made outside the home, passed through; a cut end and an edited one are told."""
    file = tmp_path / "kept.json"
    made = said("ledger", "checkpoint", "--out", str(file))
    assert said("ledger", "verify")["checkpoints"] == 0
    passed = said("ledger", "verify", "--checkpoint", str(file))
    assert (passed["entries"], passed["tag"]) == (made["entries"], made["tag"])
    ledger = Home.find(said.home).ledger_file
    whole = ledger.read_bytes()
    ledger.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    assert said("ledger", "verify")["holds"] is True
    cut = said("ledger", "verify", "--checkpoint", str(file), code=1)
    assert cut == {"holds": False, "code": "ledger_shortened"}
    ledger.write_bytes(whole)
    file.write_text(file.read_text().replace('"count": ', '"count": 1'))
    edited = said("ledger", "verify", "--checkpoint", str(file), code=1)
    assert edited["code"] == "checkpoint_altered"


@pytest.mark.parametrize("where", ["home/kept.json", "none/kept.json"])
def test_a_checkpoint_is_kept_elsewhere(said: Said, tmp_path: Path, where: str) -> None:
    """Beside the ledger it would be cut off with it; and where there is a folder."""
    said("ledger", "checkpoint", "--out", str(tmp_path / where), code=2)
    said("ledger", "verify", "--checkpoint", str(tmp_path / where), code=2)


def test_show_for_people(said: Said, capsys: pytest.CaptureFixture[str]) -> None:
    """The same entries as a table."""
    capsys.readouterr()
    assert main(["ledger", "show", "--home", str(said.home)]) == 0
    printed = capsys.readouterr().out
    assert "key=root purpose=root version=1" in printed
    assert "home_made" in printed
