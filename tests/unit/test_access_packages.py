"""Packages: what a file physically holds, under whose pseudonyms, and its switch."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from package_scene import (
    PERSON,
    make_built_home,
    opened,
)
from small_catalog import TABLES, create_statements, home_manifest
from small_warehouse import make_home, write_warehouse

from parity.access import (
    AccessError,
    Package,
    build_package,
    current_package,
    load_policy,
    rekeying,
    verify_package,
)
from parity.access.package_file import check_storage, package_columns
from parity.home import Home, HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import Keyring
from pseudonymisation.derivation import derive
from pseudonymisation.keyed_hash import pseudonym


@pytest.mark.attack(5, 26)
def test_the_file_holds_exactly_the_granted_columns(
    built: tuple[Home, Keyring], package: Package
) -> None:
    with opened(*built, package) as connection:
        held = package_columns(connection)
    assert held["core.dim_people"] == ["person_id", "ethnic_group"]
    assert held["core.fct_referrals"] == [
        "pathway_id",
        "person_id",
        "provider_code",
        "days_to_first_treatment",
        "phq_9_first_score",
        "is_recovered",
    ]
    assert set(held) == {"main.parity_meta"} | {
        grant.table for grant in load_policy().role("researcher").grants
    }
    manifest = json.loads((package.folder / "manifest.json").read_text())
    assert manifest["columns"] == held


@pytest.mark.attack(5, 26)
def test_a_withheld_column_is_not_there_to_select(
    built: tuple[Home, Keyring], package: Package
) -> None:
    with opened(*built, package) as connection:
        for column in ("sub_icb_code", "age_at_referral", "pathway_count_below_five"):
            with pytest.raises(duckdb.BinderException):
                connection.execute(f"select {column} from core.fct_referrals")


@pytest.mark.attack(21)
def test_pseudonyms_are_the_projects_own(
    built: tuple[Home, Keyring], package: Package
) -> None:
    home, keyring = built
    salt = keyring.key("project:researcher")
    key = derive(keyring.key("root"), "project", "researcher", salt=salt)
    expected = {
        str(UUID(bytes=pseudonym(key, "project-pseudonym", UUID(old).bytes)))
        for old in (PERSON.format(1), PERSON.format(2))
    }
    with opened(home, keyring, package) as connection:
        rows = connection.execute("select person_id from core.dim_people").fetchall()
    assert {str(person) for (person,) in rows} == expected


def test_joins_work_on_and_unknown_stays_unknown(
    built: tuple[Home, Keyring], package: Package
) -> None:
    with opened(*built, package) as connection:
        rows = connection.execute(
            """
            select ethnic_group, days_to_first_treatment, phq_9_first_score
            from core.fct_referrals left join core.dim_people using (person_id)
            order by 2
            """
        ).fetchall()
    plain = [
        (group, days, None if score is None else float(score))
        for group, days, score in rows
    ]
    assert plain == [("White", 2, 8.0), ("White", 9, 12.5), (None, None, None)]


@pytest.mark.attack(21)
def test_two_projects_share_no_pseudonym(built: tuple[Home, Keyring]) -> None:
    keys = {
        rekeying.project_key(built[1], name).key for name in ("researcher", "other")
    }
    old = UUID(PERSON.format(1)).bytes
    assert len({pseudonym(key, "project-pseudonym", old) for key in keys}) == 2


@pytest.mark.attack(21)
def test_row_order_tells_nothing_of_the_warehouse(tmp_path: Path) -> None:
    home, keyring = make_built_home(tmp_path / "home")
    select = "select * from core.fct_referrals"
    with opened(home, keyring, build_package(home, keyring, "researcher")) as one:
        first = one.execute(select).fetchall()
    write_warehouse(
        home,
        keyring,
        [
            "create table warehouse.core.shuffled as "
            "from warehouse.core.fct_referrals order by pathway_id desc",
            "delete from warehouse.core.fct_referrals",
            "insert into warehouse.core.fct_referrals from warehouse.core.shuffled",
            "drop table warehouse.core.shuffled",
        ],
    )
    with opened(home, keyring, build_package(home, keyring, "researcher")) as two:
        second = two.execute(select).fetchall()
    assert first == second
    assert [row[0] for row in first] == sorted(row[0] for row in first)


def test_comments_are_kept_and_say_whose_pseudonyms(
    built: tuple[Home, Keyring], package: Package
) -> None:
    with opened(*built, package) as connection:
        comments = dict(
            connection.execute(
                "select column_name, comment from duckdb_columns() "
                "where table_name = 'dim_people'"
            ).fetchall()
        )
        (table,) = connection.execute(
            "select comment from duckdb_tables() where table_name = 'dim_people'"
        ).fetchall()
    assert table == ("One row per row of dim_people; it's small.",)
    assert comments["ethnic_group"] == "The column's ethnic_group."
    assert comments["person_id"].endswith("Pseudonym of this package alone, epoch 1.")


def test_the_package_says_what_it_is(
    built: tuple[Home, Keyring], package: Package
) -> None:
    with opened(*built, package) as connection:
        result = connection.execute("select * from main.parity_meta")
        names = [column[0] for column in result.description or []]
        (row,) = result.fetchall()
    meta = dict(zip(names, row, strict=True))
    assert meta["package"] == "researcher"
    assert meta["pseudonym_epoch"] == 1
    assert meta["is_synthetic"] is True
    assert len(meta["created_from_digest"]) == 64


@pytest.mark.attack(13)
def test_the_file_is_private_encrypted_and_of_the_old_storage_format(
    package: Package,
) -> None:
    check_storage(package.file)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in package.folder.iterdir()}
    assert modes == {0o600}
    assert {path.name for path in package.folder.iterdir()} == {
        "package.duckdb",
        "manifest.json",
        "manifest.json.sig",
    }
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(package.file), read_only=True)


def test_another_storage_format_is_found(tmp_path: Path) -> None:
    path = tmp_path / "newer.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(AccessError) as refused:
        check_storage(path)
    assert refused.value.code == "storage"


@pytest.mark.attack(29)
def test_a_package_with_another_key_does_not_open(
    built: tuple[Home, Keyring], package: Package
) -> None:
    home, keyring = built
    connection = connect(home.spill)
    with pytest.raises(HomeError):
        attach_encrypted(
            connection, package.file, "package", keyring.key("warehouse"), True
        )


@pytest.mark.attack(29)
def test_a_new_build_replaces_the_former(tmp_path: Path) -> None:
    home, keyring = make_built_home(tmp_path / "home")
    first = build_package(home, keyring, "researcher")
    assert current_package(home, "researcher") == first
    second = build_package(home, keyring, "researcher")
    assert current_package(home, "researcher") == second
    assert second.folder.name == "build-0002"
    assert not first.folder.exists()
    verify_package(home, keyring, "researcher")


@pytest.mark.attack(34)
def test_a_build_that_fails_leaves_the_former(tmp_path: Path) -> None:
    home, keyring = make_built_home(tmp_path / "home")
    first = build_package(home, keyring, "researcher")
    write_warehouse(
        home, keyring, ["alter table warehouse.core.dim_people add column x integer"]
    )
    with pytest.raises(AccessError) as refused:
        build_package(home, keyring, "researcher")
    assert refused.value.code == "classes"
    assert current_package(home, "researcher") == first
    assert sorted(path.name for path in first.folder.parent.iterdir()) == [
        "build-0001",
        "current",
    ]


@pytest.mark.attack(20)
def test_pseudonyms_that_would_collide_stop_the_build(
    built: tuple[Home, Keyring], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rekeying,
        "project_pseudonym",
        lambda column, _: column.str.replace("[23]$", "1"),
    )
    with pytest.raises(AccessError) as refused:
        build_package(*built, "researcher")
    assert refused.value.code == "collision"


def test_an_equality_leads_package_has_counts_and_no_pseudonyms(
    tmp_path: Path,
) -> None:
    home, keyring = make_home(tmp_path / "home")
    counts = (
        ("group_code", "varchar", "open"),
        ("numerator", "bigint", "disclosive_count"),
    )
    tables: dict[str, Iterable[tuple[str, str, str]]] = {
        grant.table: counts for grant in load_policy().role("equality_lead").grants
    }
    tables["intermediate.int_submissions_in_force"] = TABLES[
        "intermediate.int_submissions_in_force"
    ]
    write_warehouse(home, keyring, create_statements(tables))
    home_manifest(home, tables)
    with opened(home, keyring, build_package(home, keyring, "equality_lead")) as reader:
        held = package_columns(reader)
    assert held.pop("main.parity_meta")
    assert set(map(tuple, held.values())) == {("group_code", "numerator")}
    assert "core.fct_referrals" not in held
