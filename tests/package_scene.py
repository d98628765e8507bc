"""A small warehouse of which packages are made, and a look into one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from small_catalog import TABLES, create_statements, home_manifest
from small_warehouse import make_home, write_warehouse

from parity.access import Package, build_package
from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import Keyring

PERSON = "aaaaaaaa-0000-0000-0000-00000000000{}"
PATHWAY = "bbbbbbbb-0000-0000-0000-00000000000{}"

ROWS = [
    f"""
    insert into warehouse.core.dim_people values
        ('{PERSON.format(1)}', 'White', 34), ('{PERSON.format(2)}', 'Mixed', 61)
    """,
    f"""
    insert into warehouse.core.fct_referrals values
        ('{PATHWAY.format(1)}', '{PERSON.format(1)}', 'P1', 'S1', 34, 9, 12.5, true, 3),
        ('{PATHWAY.format(2)}', '{PERSON.format(1)}', 'P2', 'S1', 35, 2, 8.0, false, 3),
        ('{PATHWAY.format(3)}', null, 'P1', 'S2', 61, null, null, null, 3)
    """,
    """
    insert into warehouse.intermediate.int_submissions_in_force values
        ('final', '2025-03-01', 'cccccccc-0000-0000-0000-000000000001'),
        ('primary', '2025-03-01', 'cccccccc-0000-0000-0000-000000000002')
    """,
]


def make_built_home(root: Path) -> tuple[Home, Keyring]:
    """A home as after a build: warehouse and manifest."""
    home, keyring = make_home(root)
    write_warehouse(home, keyring, [*create_statements(TABLES), *ROWS])
    home_manifest(home, TABLES)
    return home, keyring


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Keyring]:
    """A home for tests that leave it as it is."""
    return make_built_home(tmp_path_factory.mktemp("built") / "home")


@pytest.fixture(scope="module")
def package(built: tuple[Home, Keyring]) -> Package:
    """Its researcher's package."""
    return build_package(*built, "researcher")


@contextmanager
def opened(
    home: Home, keyring: Keyring, package: Package
) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(home.spill)
    key = keyring.key(package.key_name)
    attach_encrypted(connection, package.file, "package", key, read_only=True)
    connection.execute("use package")
    yield connection
    connection.close()
