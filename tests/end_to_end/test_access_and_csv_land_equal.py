"""An Access file and its CSV twin land as the same rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import FIXTURES, BuiltHome, filled_home, submit_file

from parity.home import Home
from parity.home.unlock import Keyring
from parity.specification import load
from parity.warehouse.connections import reading
from parity.warehouse.digest import table_digests

FOLDERS = sorted(path for path in FIXTURES.glob("*_*_*") if path.is_dir())


@pytest.fixture(scope="module")
def csv_home(
    fixture_home: BuiltHome, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, Keyring]:
    """A home with the keys of the fixture home, in which the CSV twins are landed."""
    root = tmp_path_factory.mktemp("twin") / "home"
    shutil.copytree(fixture_home.home.root, root)
    home = Home.find(root)
    for stored in (home.landed_file, home.vault_file, home.warehouse_file):
        stored.unlink()
    return home, filled_home(home, FOLDERS)


@pytest.fixture
def access(fixture_home: BuiltHome) -> Iterator[duckdb.DuckDBPyConnection]:
    key = fixture_home.keyring.key("landed")
    with reading(fixture_home.home, landed=key) as connection:
        yield connection


@pytest.fixture
def delimited(
    csv_home: tuple[Home, Keyring],
) -> Iterator[duckdb.DuckDBPyConnection]:
    home, keyring = csv_home
    with reading(home, landed=keyring.key("landed")) as connection:
        yield connection


def test_every_landed_table_is_equal(
    fixture_home: BuiltHome,
    access: duckdb.DuckDBPyConnection,
    delimited: duckdb.DuckDBPyConnection,
) -> None:
    key = fixture_home.keyring.key("receipt")
    found = table_digests(access, "landed", key)
    assert len([name for name in found if name.startswith("iapt_v2_1.")]) == 21
    assert found == table_digests(delimited, "landed", key)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_pair_lands_as_many_rows(
    access: duckdb.DuckDBPyConnection,
    delimited: duckdb.DuckDBPyConnection,
    folder: Path,
) -> None:
    provider, month, kind = folder.name.split("_")
    slot = [provider, f"{month}-01", kind]
    counts = row_counts(access, slot)
    assert counts == row_counts(delimited, slot)
    assert sum(counts.values()) > 0


def row_counts(
    connection: duckdb.DuckDBPyConnection, slot: list[str]
) -> dict[str, int]:
    """Landed rows of one submission by table."""
    return {
        name: connection.execute(
            f"""
            select count(*)
            from landed.iapt_v2_1.{name}
            inner join landed.receipts.submission using (submission_id)
            where provider_code = ? and reporting_month = ? and submission_kind = ?
            """,
            slot,
        ).fetchall()[0][0]
        for name in (table.lower() for table in load().tables)
    }


@pytest.mark.attack(33)
def test_a_twin_is_a_replay(fixture_home: BuiltHome) -> None:
    """The content names a submission, not the file that it came in."""
    receipt = submit_file(fixture_home.home, fixture_home.keyring, FOLDERS[0])
    assert receipt.state == "replayed"
