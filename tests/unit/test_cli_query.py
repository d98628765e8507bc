"""`parity query`: where its key comes from, and whose exit code it returns."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import parity.access
from parity.cli.main import main
from parity.home import Home, HomeError, init
from parity.home.unlock import Keyring, SecretBytes, file_key

PASSPHRASE = b"a passphrase of nobody"
PACKAGE_KEY = "package:researcher"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A live home with one package key: no file in it says the passphrase."""
    made = init(tmp_path / "home", synthetic=False, passphrase=PASSPHRASE)
    Keyring.open(made, SecretBytes(PASSPHRASE)).generate(PACKAGE_KEY, "file")
    return made


def test_a_named_passphrase_serves_package_keys_and_no_other(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(found: Home, source: object, sql: str, form: str) -> int:
        assert (source, sql, form) == ("researcher", "select 1", "csv")
        assert len(file_key(found, PACKAGE_KEY)) == 32
        with pytest.raises(HomeError, match="key_not_served"):
            file_key(found, "landed")
        return 1

    monkeypatch.setattr(parity.access, "query", ask)
    file = tmp_path / "passphrase"
    file.touch(mode=0o600)
    file.write_bytes(PASSPHRASE)
    names = ["--home", str(home.root), "--passphrase-file", str(file)]
    asked = ["query", *names, "--as", "researcher", "--format", "csv", "select 1"]
    assert main(asked) == 1
    assert "PARITY_KEY_SOCKET" not in os.environ


def test_json_is_short_for_a_format(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(parity.access, "query", lambda *asked: seen.append(asked) or 0)
    names = ["--home", str(home.root), "--as", "researcher", "--json"]
    assert main(["query", *names, "select 1"]) == 0
    assert seen[0][1:] == ("researcher", "select 1", "json")


def test_without_a_package_it_is_wrong_usage(home: Home) -> None:
    assert main(["query", "--home", str(home.root), "--as", "researcher", "x"]) == 2
