"""Packages: what a file physically holds, under whose pseudonyms, and its switch."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from small_catalog import TABLES, create_statements, home_manifest
from small_warehouse import make_home, write_warehouse

from parity.access import (
    AccessError,
    Package,
    build_package,
    current_package,
    load_policy,
    packages,
    rekeying,
    verify_package,
)
from parity.access.package_file import check_storage, package_columns
from parity.home import Home, HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import Keyring
from pseudonymisation.derivation import derive
from pseudonymisation.keyed_hash import pseudonym

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
    return make_built_home(tmp_path_factory.mktemp("built") / "home")


@pytest.fixture(scope="module")
def package(built: tuple[Home, Keyring]) -> Package:
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
