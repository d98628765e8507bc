"""No secret comes from environment or arguments; one that stands there is spent."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbt_common.exceptions import DbtRuntimeError

from parity.home import Home, HomeError, init
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.environment import SETTINGS, check_environment, check_not_exposed
from parity.home.keyring import Keyring
from parity.home.secret import SecretBytes
from parity.home.unlock import open_keyring
from parity.specification import PROJECT_ROOT
from parity.vault.identifier_keys import IdentifierKeys
from parity.warehouse import dbt_plugin, dbt_runner

SECRET = secrets.token_urlsafe(32)
PARITY = str(Path(sys.executable).with_name("parity"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)


@pytest.mark.attack(7)
@pytest.mark.parametrize(
    "name", ["PARITY_PASSPHRASE", "PARITY_KEY", "PARITY_SECRET", "PARITY_WAREHOUSE_KEY"]
)
def test_no_command_takes_a_secret_from_the_environment(home: Home, name: str) -> None:
    done = _parity(["keys", "list", "--home", str(home.root)], {name: SECRET})
    assert done.returncode == 2
    assert "is spent" in done.stderr
    assert SECRET not in done.stderr + done.stdout


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_settings_that_are_paths_are_taken(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "/a/path")
    check_environment()


@pytest.mark.attack(7)
@pytest.mark.parametrize("option", ["--passphrase", "--key", "--password"])
def test_no_option_takes_a_secret(home: Home, option: str) -> None:
    done = _parity(["keys", "list", "--home", str(home.root), option, SECRET], {})
    assert done.returncode == 2
    assert SECRET not in done.stderr + done.stdout


@pytest.mark.attack(7)
def test_a_passphrase_that_stands_in_a_variable_or_an_argument_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does where a script keeps it in an exported variable."""
    known = home.synthetic_passphrase_file.read_text().strip()
    open_keyring(home)
    monkeypatch.setenv("MY_PASSPHRASE", known)
    with pytest.raises(HomeError, match="secret_exposed") as refused:
        open_keyring(home)
    assert known not in str(refused.value)
    monkeypatch.delenv("MY_PASSPHRASE")
    monkeypatch.setattr(sys, "orig_argv", ["python", f"--secret={known}"])
    with pytest.raises(HomeError, match="secret_exposed"):
        open_keyring(home)


@pytest.mark.attack(7)
@pytest.mark.parametrize("write", [str.lower, str.upper])
def test_a_file_key_that_stands_in_a_variable_opens_nothing(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    write: Callable[[str], str],
) -> None:
    key = open_keyring(home).key("landed")
    monkeypatch.setenv("DBT_ENV_SECRET_KEY", write(key.hex()))
    connection = connect(tmp_path / "spill")
    with pytest.raises(HomeError, match="secret_exposed"):
        attach_encrypted(connection, tmp_path / "new.duckdb", "new", key)
    connection.close()
    assert not (tmp_path / "new.duckdb").exists()


def test_another_secret_in_the_environment_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: only ours are looked for."""
    monkeypatch.setenv("SOMEBODY_ELSES_TOKEN", SECRET)
    check_not_exposed(secrets.token_bytes(32))


@pytest.mark.attack(6)
@pytest.mark.parametrize(
    ("given", "variables"),
    [
        ({"secret": SECRET}, {}),
        ({"six_weeks_in_days": SECRET}, {}),
        ({}, {"DBT_ENV_SECRET_KEY": SECRET}),
        ({}, {"DBT_ENV_CUSTOM_ENV_KEY": SECRET}),
    ],
)
def test_dbt_opens_nothing_when_it_is_handed_a_secret(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], variables: dict[str, str]
) -> None:
    monkeypatch.setattr(dbt_plugin, "get_flags", lambda: SimpleNamespace(VARS=given))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DbtRuntimeError, match="spent") as refused:
        dbt_plugin._check_channels()
    assert SECRET not in str(refused.value)


def test_dbt_takes_the_parameters_of_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"six_weeks_in_days": 43, "adsm_requires_case_first_score": True}
    monkeypatch.setattr(dbt_plugin, "get_flags", lambda: SimpleNamespace(VARS=given))
    dbt_plugin._check_channels()


@pytest.mark.attack(6)
def test_dbt_is_started_without_variables_that_it_would_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBT_ENV_CUSTOM_ENV_KEY", SECRET)
    monkeypatch.setenv("PARITY_PASSPHRASE_FILE", "/a/path")
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert dbt_runner.kept_from_dbt() >= {
        "DBT_ENV_CUSTOM_ENV_KEY",
        "PARITY_PASSPHRASE_FILE",
    }
    assert "LANG" not in dbt_runner.kept_from_dbt()


@pytest.mark.attack(11)
def test_what_holds_a_secret_does_not_show_it(home: Home) -> None:
    """In a traceback with locals, a debugger or a log."""
    keyring = open_keyring(home)
    held = (SecretBytes(SECRET.encode()), keyring, IdentifierKeys.of(keyring))
    text = "".join(repr(one) for one in held)
    keys = [keyring.key(name) for name in keyring.names()]
    assert SECRET not in text
    assert [key for key in keys if key.hex() in text or repr(key) in text] == []
    assert isinstance(keyring, Keyring)


@pytest.mark.attack(11)
def test_failures_of_our_own_tests_show_no_locals(pytestconfig: pytest.Config) -> None:
    options = (PROJECT_ROOT / "pyproject.toml").read_text("utf-8")
    assert "showlocals" not in options
    assert " -l" not in str(pytestconfig.getini("addopts"))


@pytest.mark.attack(11)
def test_a_process_of_ours_cannot_be_dumped() -> None:
    """Not even where the kernel pipes dumps to a program and asks no limit."""
    asking = (
        "import ctypes, resource\n"
        "from parity.home.private_files import harden_process\n"
        "harden_process()\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), "
        "resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "0"]


def _parity(
    arguments: list[str], variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PARITY, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
