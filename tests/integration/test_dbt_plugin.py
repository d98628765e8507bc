"""dbt cannot make or fill a clear file: the guard of architecture 4."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import duckdb
import pytest

from parity.home import Home, init
from parity.home.private_files import write_private
from parity.home.unlock import Keyring, open_keyring
from parity.specification import PROJECT_ROOT, load
from parity.warehouse.dbt_runner import (
    DbtError,
    dbt_environment,
    dbt_program,
    key_socket,
    run_dbt,
)
from parity.warehouse.landed import LandedStore


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return init(tmp_path / "home", synthetic=True)


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


def dbt(home: Home, **settings: str) -> subprocess.CompletedProcess[str]:
    """dbt as a user types it, one seed only."""
    return subprocess.run(
        [dbt_program(), "seed", "--select", "age_bands"],
        env={**os.environ, **dbt_environment(home), **settings},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_key_dbt_fails_and_no_file_appears(home: Home) -> None:
    home.synthetic_passphrase_file.unlink()
    done = dbt(home, PARITY_PASSPHRASE_FILE=str(home.root / "nowhere"))
    assert done.returncode != 0
    assert not home.warehouse_file.exists()


def test_a_clear_file_that_lies_there_is_refused(home: Home, keyring: Keyring) -> None:
    with LandedStore.open(
        home.landed_file, keyring.key("landed"), home.spill, load("2.1")
    ):
        pass
    duckdb.connect(str(home.warehouse_file)).close()
    home.warehouse_file.chmod(0o600)
    assert dbt(home).returncode != 0
    with duckdb.connect(str(home.warehouse_file)) as connection:
        assert connection.execute(
            "select count(*) from duckdb_tables()"
        ).fetchone() == (0,)


@pytest.mark.attack(13)
def test_with_the_key_the_file_is_encrypted_and_ours_alone(
    home: Home, keyring: Keyring
) -> None:
    with LandedStore.open(
        home.landed_file, keyring.key("landed"), home.spill, load("2.1")
    ):
        pass
    run_dbt(home, keyring, ["seed", "--select", "age_bands"])
    assert home.warehouse_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(home.warehouse_file), read_only=True)


def test_plain_dbt_works_in_a_synthetic_home(home: Home, keyring: Keyring) -> None:
    """As after `make demo`: no flag, no secret in the environment."""
    with LandedStore.open(
        home.landed_file, keyring.key("landed"), home.spill, load("2.1")
    ):
        pass
    done = dbt(home)
    assert done.returncode == 0, done.stdout


@pytest.mark.attack(1)
def test_a_failing_run_raises_without_the_words_of_dbt(
    home: Home, keyring: Keyring
) -> None:
    with pytest.raises(DbtError, match=r"^dbt seed failed"):
        run_dbt(home, keyring, ["seed", "--select", "age_bands"])


def test_what_dbt_keeps_of_a_project_elsewhere_is_forgotten(
    home: Home, keyring: Keyring
) -> None:
    """It holds paths: dbt would look for the seeds where the project was before."""
    kept = home.dbt_target / "partial_parse.msgpack"
    for root, stays in ((b"/somewhere/else", False), (None, True)):
        kept.write_bytes(b"what dbt parsed")
        if root is not None:
            write_private(home.dbt_target / "project_root", root)
        with key_socket(home, keyring):
            assert kept.exists() is stays
