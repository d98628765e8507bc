"""Making and finding a home."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from parity.home import Home, HomeError, init
from parity.home.unlock import open_keyring, passphrase
from pseudonymisation.errors import CodedError

PASSPHRASE = b"a passphrase of some length"


@pytest.mark.attack(13)
def test_everything_in_a_home_is_private(tmp_path: Path) -> None:
    """Folders 0700, files 0600, from the start."""
    home = init(tmp_path / "home", synthetic=True)
    for path in (home.root, *home.root.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path.name
    assert all(folder.is_dir() for folder in home.folders)


def test_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, else by PARITY_HOME; else there is none."""
    made = init(tmp_path / "home", synthetic=True)
    monkeypatch.delenv("PARITY_HOME", raising=False)
    assert Home.find(made.root) == made
    with pytest.raises(HomeError, match="no_home"):
        Home.find()
    monkeypatch.setenv("PARITY_HOME", str(made.root))
    assert Home.find() == made


def test_description(tmp_path: Path) -> None:
    """home.json: kind, version, creation date, and nothing more."""
    home = init(tmp_path / "home", synthetic=True)
    description = json.loads((home.root / "home.json").read_text())
    assert set(description) == {"kind", "version", "created"}


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"kind": "live"}', '{"kind": "other", "version": 1}', "\xff"],
)
def test_unreadable_description(tmp_path: Path, content: str) -> None:
    """A folder is not taken for a home by half."""
    home = init(tmp_path / "home", synthetic=True)
    (home.root / "home.json").write_text(content, encoding="latin-1")
    with pytest.raises(HomeError, match=r"home_unreadable|home_version"):
        Home.find(home.root)


def test_no_home_where_there_is_none(tmp_path: Path) -> None:
    """Neither an empty folder nor nothing, nor one that others may enter."""
    with pytest.raises(HomeError, match="missing"):
        Home.find(tmp_path / "none")
    tmp_path.chmod(0o700)
    with pytest.raises(HomeError, match="missing"):
        Home.find(tmp_path)
    tmp_path.chmod(0o755)
    with pytest.raises(HomeError, match="mode"):
        Home.find(tmp_path)


def test_home_is_made_once(tmp_path: Path) -> None:
    """Not over another home, nor over anything."""
    init(tmp_path / "home", synthetic=True)
    with pytest.raises(HomeError, match="not_empty"):
        init(tmp_path / "home", synthetic=True)


@pytest.mark.parametrize("git", ["folder", "file"])
def test_live_home_outside_work_trees(tmp_path: Path, git: str) -> None:
    """Not inside a git work tree (nor a linked one), unless synthetic."""
    if git == "folder":
        (tmp_path / ".git").mkdir()
    else:
        (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    root = tmp_path / "deep" / "er" / "home"
    with pytest.raises(HomeError, match="in_work_tree"):
        init(root, synthetic=False, passphrase=PASSPHRASE)
    assert not root.parent.exists()
    assert init(root, synthetic=True).kind == "synthetic"


def test_live_home_holds_no_passphrase(tmp_path: Path) -> None:
    """It asks for one, keeps none, and refuses to be opened with a kept one."""
    with pytest.raises(HomeError, match="no_passphrase"):
        init(tmp_path / "home", synthetic=False)
    with pytest.raises(HomeError, match="passphrase_short"):
        init(tmp_path / "home", synthetic=False, passphrase=b"short")
    home = init(tmp_path / "home", synthetic=False, passphrase=PASSPHRASE)
    assert not home.synthetic_passphrase_file.exists()
    for path in home.root.rglob("*"):
        assert path.is_dir() or PASSPHRASE not in path.read_bytes()
    home.synthetic_passphrase_file.write_bytes(PASSPHRASE)
    home.synthetic_passphrase_file.chmod(0o600)
    with pytest.raises(HomeError, match="passphrase_kept"):
        passphrase(home)


def test_first_keys(tmp_path: Path) -> None:
    """Each has its purpose; all are different; their making is in the ledger."""
    home = init(tmp_path / "home", synthetic=True)
    keyring = open_keyring(home)
    purposes = {record.name: record.purpose for record in keyring.records()}
    assert purposes == {
        "ledger": "ledger",
        "root": "root",
        "linkage": "linkage",
        "epoch": "derivation",
        "receipt": "receipt",
        "vault": "file",
        "landed": "file",
        "warehouse": "file",
        "checkpoint": "signing",
    }
    assert len({keyring.key(name) for name in purposes}) == len(purposes)
    # Each key but the ledger's own: its making and the file that holds it; the home.
    assert keyring.ledger().verify().count == 2 * (len(purposes) - 1) + 1


def test_messages_carry_code_and_sentence() -> None:
    """What every refusal of ours looks like."""
    error = CodedError("a_code", "a sentence")
    assert (error.code, error.message) == ("a_code", "a sentence")
    assert str(error) == "a sentence [a_code]"
