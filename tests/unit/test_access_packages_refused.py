"""Packages that are not put in force, not given out, or not opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from package_scene import (
    make_built_home,
)
from small_catalog import TABLES, create_statements, home_manifest
from small_warehouse import make_home

from parity.access import (
    AccessError,
    Package,
    build_package,
    current_package,
    packages,
    verify_package,
)
from parity.access.package_file import package_columns
from parity.home import Home
from parity.home.unlock import Keyring


@pytest.mark.attack(26)
def test_a_file_that_holds_more_than_granted_is_not_put_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, keyring = make_built_home(tmp_path / "home")
    held = package_columns

    def with_one_more(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
        return held(connection) | {"core.dim_people": ["person_id", "extra"]}

    monkeypatch.setattr(packages, "package_columns", with_one_more)
    with pytest.raises(AccessError) as refused:
        build_package(home, keyring, "researcher")
    assert refused.value.code == "other_columns"
    assert list((home.packages / "researcher").iterdir()) == []


@pytest.mark.attack(26, 29)
def test_a_file_that_holds_more_than_listed_is_refused(
    built: tuple[Home, Keyring], package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert current_package(built[0], "researcher") == package
    monkeypatch.setattr(packages, "package_columns", lambda _: {"core.more": ["a"]})
    with pytest.raises(AccessError) as refused:
        verify_package(*built, "researcher")
    assert refused.value.code == "other_columns"


@pytest.mark.attack(26)
@pytest.mark.parametrize(
    "sql",
    [
        "create view package.core.peep as from package.core.dim_people",
        "create macro package.core.m(a) as a + 1",
        "create type package.core.mood as enum ('a')",
        "create sequence package.core.s",
        "create index i on package.core.dim_people (ethnic_group)",
    ],
)
def test_nothing_but_tables_has_a_place(sql: str) -> None:
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as package")
    for statement in create_statements(
        {"core.dim_people": TABLES["core.dim_people"]}, "package"
    ):
        connection.execute(statement)
    package_columns(connection)
    connection.execute(sql)
    with pytest.raises(AccessError) as refused:
        package_columns(connection)
    assert refused.value.code == "not_a_table"


@pytest.mark.parametrize(
    ("role", "code"), [("provider_analyst", "no_door"), ("admin", "unknown_role")]
)
def test_a_role_without_a_door_has_no_package(
    built: tuple[Home, Keyring], role: str, code: str
) -> None:
    with pytest.raises(AccessError) as refused:
        build_package(*built, role)
    assert (refused.value.code, refused.value.exit_code) == (code, 2)


@pytest.mark.parametrize(
    "pointer", [None, "", "build-1", "../researcher", "build-0001/.."]
)
def test_without_a_good_pointer_there_is_no_package(
    tmp_path: Path, pointer: str | None
) -> None:
    home, _ = make_home(tmp_path / "home")
    if pointer is not None:
        (home.packages / "researcher").mkdir()
        (home.packages / "researcher" / "current").write_text(pointer)
    with pytest.raises(AccessError) as refused:
        current_package(home, "researcher")
    assert (refused.value.code, refused.value.exit_code) == ("no_package", 2)


def _replace(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def _flip_last_bit(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.attack(29)
@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lambda p: _flip_last_bit(p.file), "altered"),
        (lambda p: _replace(p.folder / "manifest.json", "ethnic", "x"), "signature"),
        (lambda p: (p.folder / "manifest.json.sig").unlink(), "manifest_unreadable"),
    ],
)
def test_a_package_that_was_changed_is_refused(
    tmp_path: Path, harm: Callable[[Package], object], code: str
) -> None:
    home, keyring = make_built_home(tmp_path / "home")
    package = build_package(home, keyring, "researcher")
    verify_package(home, keyring, "researcher")
    harm(package)
    with pytest.raises(AccessError) as refused:
        verify_package(home, keyring, "researcher")
    assert refused.value.code == code


@pytest.mark.attack(29)
def test_a_package_of_a_former_policy_is_refused(tmp_path: Path) -> None:
    home, keyring = make_built_home(tmp_path / "home")
    build_package(home, keyring, "researcher")
    home_manifest(
        home,
        {
            **TABLES,
            "core.dim_people": [
                ("person_id", "uuid", "pseudonym"),
                ("age_at_latest_period_end", "integer", "quasi_identifier"),
            ],
        },
    )
    with pytest.raises(AccessError) as refused:
        verify_package(home, keyring, "researcher")
    assert refused.value.code == "policy_changed"
