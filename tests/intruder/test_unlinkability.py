"""Attack 21: two projects lay their packages of the same people side by side.

Three kinds of project stand on one home: the researcher of the committed policy, a
study of waits that holds less, and two that hold one table without identifiers. The
hidden truth, who is who, comes from the keys, which no project has. What joins all the
same, the quasi-identifiers that both hold, is measured and held below a bar.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import duckdb
import pytest
from two_projects import (
    KEYS,
    Rows,
    Scene,
    alone,
    columns_of,
    first_rows,
    held_by_both,
    identifiers,
    joined,
    positions,
    related,
)

from parity.access import (
    AccessError,
    Package,
    load_policy,
    package_file,
    packages,
    rekeying,
    verify_package,
)
from parity.access.catalog import read_catalog
from parity.access.policy import Grant, Role
from parity.access.rekeying import project_key
from parity.home import Home
from parity.home.unlock import open_keyring

RESEARCHER = load_policy().role("researcher")

CONTACTS = "core.fct_care_contacts"

# Of the people in both projects, how many may be alone with what both tell of them.
BAR = 0.20


@pytest.fixture(scope="module")
def scene(built_home: Any, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    root = tmp_path_factory.mktemp("projects") / "home"
    shutil.copytree(built_home.home.root, root)
    home = Home.find(root)
    return Scene(home, open_keyring(home))


@pytest.fixture(scope="module")
def waits(scene: Scene) -> Role:
    """A project that asks which services lose whom: few columns of two tables."""
    kept = {"pathway_id", "person_id", "provider_code", "is_recovered", "is_paired"}
    catalog = read_catalog(scene.home.dbt_target / "manifest.json")
    names = {column.name for column in catalog["core.fct_referrals"].columns}
    people = frozenset({"age_at_latest_period_end", "ethnic_category_code"})
    grants = (
        Grant("core.dim_people", people),
        Grant("core.fct_referrals", frozenset(names - kept)),
        Grant("core.fct_care_contacts", frozenset()),
    )
    return replace(RESEARCHER, name="waits_study", grants=grants)


@pytest.fixture(scope="module")
def ours(scene: Scene) -> Package:
    return scene.build(RESEARCHER)


@pytest.fixture(scope="module")
def theirs(scene: Scene, waits: Role) -> Package:
    return scene.build(waits)


@pytest.mark.attack(21)
def test_no_column_of_identifiers_joins_another(
    scene: Scene, waits: Role, ours: Package, theirs: Package, intruder: Any
) -> None:
    """Each with each, also across columns; and none with the warehouse's own."""
    a, b = identifiers(scene, RESEARCHER, ours), identifiers(scene, waits, theirs)
    warehouse = [
        {v for (v,) in scene.warehouse(f"select {key} from {table}")}
        for table, key in KEYS.items()
    ]
    assert min(map(len, [*a, *b, *warehouse])) > 300
    found, of = joined(a, b, warehouse)
    pairs = len(a) * len(b) + (len(a) + len(b)) * len(warehouse)
    intruder.tried(pairs, found, of, "identifiers joined, column by column")
    assert found == 0


@pytest.mark.attack(21, control=True)
def test_with_one_key_for_both_they_do_join(
    scene: Scene,
    waits: Role,
    ours: Package,
    monkeypatch: pytest.MonkeyPatch,
    intruder: Any,
) -> None:
    """The join itself works: everybody is found when two projects share a key."""
    shared = project_key(scene.keyring, RESEARCHER.name)
    monkeypatch.setattr(packages, "project_key", lambda *_: shared)
    role = replace(waits, name="same_key")
    b = identifiers(scene, role, scene.build(role))
    a = identifiers(scene, RESEARCHER, ours)
    people, known = b[0], set().union(*a)
    intruder.control(len(people & known), len(people), "people joined under one key")
    assert people <= known


@pytest.mark.attack(21)
def test_the_order_of_identifiers_tells_nothing(
    scene: Scene, waits: Role, intruder: Any
) -> None:
    """People ordered by identifier: two projects and the warehouse, each with each."""
    old = [v for (v,) in scene.warehouse("select person_id from core.dim_people")]
    a, b = scene.truth(RESEARCHER.name), scene.truth(waits.name)
    orders = [[v.int >> 64 for v in ids] for ids in (old, map(a, old), map(b, old))]
    found = related(orders)
    intruder.tried(3, found, 3, "orders of people by identifier that go together")
    assert found == 0


@pytest.mark.attack(21)
@pytest.mark.parametrize("table", KEYS)
def test_the_order_of_rows_tells_nothing(
    scene: Scene,
    waits: Role,
    ours: Package,
    theirs: Package,
    table: str,
    intruder: Any,
) -> None:
    """Positions in two packages and in the warehouse, by the hidden truth."""
    rows = scene.warehouse(first_rows(table))
    a = positions(scene, ours, RESEARCHER.name, table)
    b = positions(scene, theirs, waits.name, table)
    orders = [[p for _, p in rows], [a[v] for v, _ in rows], [b[v] for v, _ in rows]]
    found = related(orders)
    intruder.tried(3, found, 3, "orders of rows that go together")
    assert found == 0


@pytest.mark.attack(21)
def test_contacts_of_one_pathway_stand_in_no_common_order(
    scene: Scene, waits: Role, ours: Package, theirs: Package, intruder: Any
) -> None:
    """Neighbours of one package are as often the other way round in the other."""
    key, table = "care_contact_key", "core.fct_care_contacts"
    old = scene.warehouse(f"select {key}, pathway_id from {table} order by rowid")
    a, b = (
        dict(scene.rows(package, f"select {key}, rowid from {table}"))
        for package in (ours, theirs)
    )
    in_a, in_b = scene.truth(RESEARCHER.name), scene.truth(waits.name)
    order = sorted(old, key=lambda row: a[in_a(row[0])])
    pairs = [(x, y) for (x, p), (y, q) in pairwise(order) if p == q]
    same = sum(b[in_b(x)] < b[in_b(y)] for x, y in pairs)
    # A coin's share is a half, give or take half of 1/sqrt(n); five of those as above.
    seen = abs(same / len(pairs) - 0.5) >= 2.5 / len(pairs) ** 0.5
    intruder.tried(1, int(seen), 1, "orders of contacts that go together")
    assert not seen


@pytest.mark.attack(21)
def test_there_is_no_third_order(scene: Scene, ours: Package) -> None:
    """What a plain read gives is the order of row numbers, and that of identifiers."""
    rows = scene.rows(ours, "select rowid, person_id from core.dim_people")
    assert [number for number, _ in rows] == list(range(len(rows)))
    assert [value.int for _, value in rows] == sorted(value.int for _, value in rows)


@pytest.mark.attack(21, control=True)
@pytest.mark.parametrize("table", KEYS)
def test_a_copy_in_the_order_of_the_warehouse_is_seen(
    scene: Scene,
    waits: Role,
    table: str,
    monkeypatch: pytest.MonkeyPatch,
    intruder: Any,
) -> None:
    """The rank test sees the order when the copy leaves out its own."""
    plain = package_file._copy

    def unordered(connection: duckdb.DuckDBPyConnection, *arguments: Any) -> None:
        plain(Unordered(connection), *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(package_file, "_copy", unordered)
    role = replace(waits, name=f"unordered_{KEYS[table]}")
    package = scene.build(role)
    rows = scene.warehouse(first_rows(table))
    place = positions(scene, package, role.name, table)
    seen = related([[p for _, p in rows], [place[v] for v, _ in rows]])
    intruder.control(seen, 1, "tables copied in the warehouse's order")
    assert seen == 1


class Unordered:
    """A connection that copies in the order of the warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, *parameters: Any) -> object:
        before, _ = sql.rsplit(" order by ", 1)
        return self._connection.execute(f"{before} order by source.rowid", *parameters)


@pytest.fixture(scope="module")
def without_identifiers(scene: Scene) -> list[Rows]:
    """Contacts without any pseudonym, as two projects and the warehouse hold them.

    Only rows that are alone with what they say, so that each can be found again.
    """
    grants = (Grant(CONTACTS, frozenset()),)
    classes = RESEARCHER.classes - {"pseudonym"}
    base = replace(RESEARCHER, grants=grants, classes=classes)
    names = ", ".join(columns_of(scene, base, *classes)[CONTACTS])
    alone = f"select {names} from {CONTACTS} group by all having count(*) = 1"
    kept = set(scene.warehouse(alone))
    select = f"select {names} from {CONTACTS} order by rowid"
    held = [
        scene.rows(scene.build(replace(base, name=name)), select)
        for name in ("contacts_one", "contacts_two")
    ]
    return [[r for r in rows if r in kept] for rows in (*held, scene.warehouse(select))]


@pytest.mark.attack(21)
def test_rows_without_identifiers_stand_in_an_order_of_their_own(
    without_identifiers: list[Rows], intruder: Any
) -> None:
    """Another in each package; sorting by what the rows say would show here as well."""
    one, two, warehouse = without_identifiers
    assert sorted(map(repr, one)) == sorted(map(repr, two))
    assert len(one) > 500
    content = sorted(warehouse, key=repr)
    places = [
        {row: n for n, row in enumerate(rows)}
        for rows in (one, two, warehouse, content)
    ]
    orders = [[place[row] for row in one] for place in places]
    # The warehouse may well stand in an order of content; the packages may not.
    pairs = [p for p in combinations(range(4), 2) if p != (2, 3)]
    found = sum(related([orders[a], orders[b]]) for a, b in pairs)
    note = "orders of rows without identifiers that go together"
    intruder.tried(len(pairs), found, len(pairs), note)
    assert found == 0


@pytest.mark.attack(21)
def test_a_package_holds_one_epoch_and_the_next_removes_it(
    scene: Scene, waits: Role, intruder: Any
) -> None:
    """After a rotation: other identifiers, the same joins, no former file in force."""
    role = replace(waits, name="operator")  # a role that has no package of its own
    first = scene.build(role)
    count = "select count(*), count(distinct person_id) from core.fct_referrals"
    former, counted = identifiers(scene, role, first), scene.rows(first, count)
    scene.keyring.rotate(rekeying.epoch_key_name(role.name))
    with pytest.raises(AccessError) as refused:
        verify_package(scene.home, scene.keyring, role.name)
    assert refused.value.code == "former_epoch"
    second = scene.build(role)
    now = identifiers(scene, role, second)
    assert not first.folder.exists()
    assert scene.rows(second, count) == counted
    assert list(map(len, now)) == list(map(len, former))
    found, of = joined(former, now)
    intruder.tried(len(now) ** 2, found, of, "identifiers of two epochs")
    assert found == 0
    said = scene.rows(
        second,
        "select comment from duckdb_columns() where database_name = 'package' "
        "and comment like '%Pseudonym of%'",
    )
    assert said
    assert all(words.endswith("epoch 2.") for (words,) in said)
    assert scene.rows(second, "select pseudonym_epoch from main.parity_meta") == [(2,)]


@pytest.mark.attack(21)
def test_what_both_projects_hold_of_people_stays_below_the_bar(
    scene: Scene, waits: Role, intruder: Any
) -> None:
    """Residual linkage: people who are alone with the quasi-identifiers of both."""
    people, referrals = held_by_both(scene, RESEARCHER, waits)
    found, of = alone(scene, people, referrals)
    note = f"people alone with what both projects hold (bar {BAR:.0%})"
    intruder.tried(1, found, of, note)
    assert 0 < found < BAR * of


@pytest.mark.attack(21, control=True)
def test_two_projects_with_every_date_are_told_apart_by_them(
    scene: Scene, intruder: Any
) -> None:
    """The measure sees it, and so should whoever grants dates twice: see attack 22."""
    found, of = alone(scene, *held_by_both(scene, RESEARCHER, RESEARCHER))
    intruder.control(found, of, "people alone if both projects held every date")
    assert found > 0.9 * of
