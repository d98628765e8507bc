"""`parity keys` and `parity ledger` on the command line."""

from __future__ import annotations

import io
import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from parity.cli import screen
from parity.cli.main import main
from parity.cli.screen import counted, working
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


def test_a_checkpoint_is_not_written_over(said: Said, tmp_path: Path) -> None:
    """An earlier one may be the only thing that shows a ledger that was cut off."""
    file = tmp_path / "kept.json"
    said("ledger", "checkpoint", "--out", str(file))
    before, entries = file.read_bytes(), len(said("ledger", "show"))
    said("ledger", "checkpoint", "--out", str(file), code=2)
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "nowhere.json")
    said("ledger", "checkpoint", "--out", str(link), code=2)
    assert file.read_bytes() == before
    assert len(said("ledger", "show")) == entries
    made = said("ledger", "checkpoint", "--out", str(file), "--overwrite")
    assert made["entries"] == entries + 1
    assert file.read_bytes() != before


@pytest.mark.attack(10)
def test_a_keyring_put_back_is_told_at_every_opening(
    said: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, whatever is done; nothing is said of one as it should be."""
    home, show = Home.find(said.home), ["ledger", "show", "--home", str(said.home)]
    assert main(show) == 0
    assert capsys.readouterr().err == ""
    said("keys", "generate", "package:researcher", "--purpose", "file")
    before = home.keyring_file.read_bytes()
    said("keys", "retire", "package:researcher", "--version", "1", "--compromised")
    write_private(home.keyring_file, before)
    for command in (show, ["keys", "list", "--home", str(said.home)]):
        capsys.readouterr()
        assert main(command) == 0
        told = capsys.readouterr().err
        assert "not the one last written" in told
        assert "[keyring_rolled_back]" in told


def test_nothing_is_done_on_a_ledger_that_was_cut_off(
    said: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    """No key is rotated, generated or retired; verify and the opening tell."""
    ledger = Home.find(said.home).ledger_file
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-3]))
    before = said("keys", "list")
    assert main(["keys", "list", "--home", str(said.home)]) == 0
    assert "[ledger_shortened]" in capsys.readouterr().err
    for command in (
        ("keys", "rotate", "landed"),
        ("keys", "rotate", "checkpoint"),
        ("keys", "generate", "publisher", "--purpose", "signing"),
        ("retain", "--apply"),
    ):
        said(*command, code=3)
    assert said("keys", "list") == before
    findings = said("keys", "verify", code=1)["findings"]
    assert [found["code"] for found in findings] == ["ledger_shortened"]


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 entries"), (1, "1 entry"), (1200, "1,200 entries")]
)
def test_counted(count: int, words: str) -> None:
    assert counted(count, "entry", "entries") == words
    assert counted(count, "key") == words.replace("entries", "keys").replace(
        "entry", "key"
    )


def test_working_says_nothing_to_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress is for somebody at a terminal."""
    with working("waiting"):
        pass
    assert capsys.readouterr().err == ""


def test_working_shows_what_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal, and only when it is not done at once."""
    for pause, shown in ((0.0, False), (0.3, True)):
        written = io.StringIO()
        console = Console(file=written, force_terminal=True, width=80)
        with monkeypatch.context() as patch:
            patch.setattr(screen, "_console", Mock(return_value=console))
            patch.setattr(screen, "_SHOWN_AFTER", 0.05)
            with working("opening every key"):
                time.sleep(pause)
        assert ("opening every key" in written.getvalue()) is shown
