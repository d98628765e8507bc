"""What two colluding projects have in hand, and what joins or orders it. Not a test.

Ranks: of n unrelated things Spearman's rho is nought give or take 1/sqrt(n). Five of
those happen by chance once in two million comparisons; an order that is kept is 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from uuid import UUID

import numpy as np

from parity.access import Package, build_package
from parity.access.catalog import read_catalog
from parity.access.policy import Policy, Role
from parity.access.rekeying import project_key
from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import Keyring
from parity.warehouse.connections import reading
from pseudonymisation.keyed_hash import pseudonym

PERSONAL = ("quasi_identifier", "special_category")

# Tables of the researcher and the first pseudonym of each, by which rows go together:
# what is in no order are people and pathways, not the contacts of one.
KEYS = {
    "core.dim_people": "person_id",
    "core.fct_referrals": "pathway_id",
    "core.fct_care_contacts": "pathway_id",
}

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Scene:
    """A home of our own to build in, and its keys."""

    home: Home
    keyring: Keyring

    def build(self, role: Role) -> Package:
        policy = Policy(version=1, roles={role.name: role})
        return build_package(self.home, self.keyring, role.name, policy)

    def rows(self, package: Package, sql: str) -> Rows:
        """Rows of a statement on a package, as its owner reads it."""
        connection = connect(self.home.spill)
        key = self.keyring.key(package.key_name)
        attach_encrypted(connection, package.file, "package", key, read_only=True)
        connection.execute("use package")
        rows = connection.execute(sql).fetchall()
        connection.close()
        return rows

    def warehouse(self, sql: str) -> Rows:
        with reading(self.home, warehouse=self.keyring.key("warehouse")) as connection:
            connection.execute("use warehouse")
            return connection.execute(sql).fetchall()

    def truth(self, project: str) -> Callable[[UUID], UUID]:
        """What a pseudonym of the warehouse is in a project: nobody outside can say."""
        key = project_key(self.keyring, project).key
        return lambda old: UUID(bytes=pseudonym(key, "project-pseudonym", old.bytes))


def columns_of(scene: Scene, role: Role, *classes: str) -> dict[str, list[str]]:
    """Columns of some classes that a role is granted, by table."""
    catalog = read_catalog(scene.home.dbt_target / "manifest.json")
    return {
        grant.table: [
            column.name
            for column in catalog[grant.table].columns
            if column.sensitivity in set(classes) & role.classes
            and column.name not in grant.withheld
        ]
        for grant in role.grants
    }


def identifiers(scene: Scene, role: Role, package: Package) -> list[set[UUID]]:
    """The values of each pseudonym column that a package holds."""
    return [
        {v for (v,) in scene.rows(package, f"select {name} from {table}")} - {None}
        for table, names in columns_of(scene, role, "pseudonym").items()
        for name in names
    ]


def joined(*holders: list[set[UUID]]) -> tuple[int, int]:
    """How many values stand in a column of two holders or more, and how many in any."""
    held = [set().union(*columns) for columns in holders]
    shared = [a & b for a, b in combinations(held, 2)]
    return len(set().union(*shared)), len(set().union(*held))


def rho(one: list[Any], other: list[Any]) -> float:
    """Spearman's rank correlation of values that are all different."""
    ranks = [np.argsort(np.argsort(np.array(v))).astype(float) for v in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def related(orders: list[list[Any]]) -> int:
    """How many pairs of orders of the same things have to do with each other."""
    bound = 5 / len(orders[0]) ** 0.5
    return sum(abs(rho(a, b)) >= bound for a, b in combinations(orders, 2))


def first_rows(table: str) -> str:
    """The statement that says where the first row of each key stands, in order."""
    return f"select {KEYS[table]}, min(rowid) from {table} group by all order by 2"


def positions(
    scene: Scene, package: Package, project: str, table: str
) -> dict[UUID, int]:
    """Where the first row of each warehouse key stands in a package's table."""
    truth = scene.truth(project)
    place = dict(scene.rows(package, first_rows(table)))
    return {old: place[truth(old)] for old, _ in scene.warehouse(first_rows(table))}


def alone(scene: Scene, people: list[str], referrals: list[str]) -> tuple[int, int]:
    """How many people nobody else is like, and how many there are."""
    told = ", ".join(f"{name} := r.{name}" for name in referrals)
    rows = scene.warehouse(
        f"""
        select {", ".join(f"p.{name}" for name in people)}, r.told
        from core.dim_people as p
        left join (
            select
                person_id,
                list(struct_pack({told}) order by struct_pack({told})) as told
            from core.fct_referrals as r
            group by person_id
        ) as r using (person_id)
        """
    )
    like: dict[str, int] = {}
    for row in rows:
        like[repr(row)] = like.get(repr(row), 0) + 1
    return sum(n == 1 for n in like.values()), len(rows)


def held_by_both(scene: Scene, one: Role, other: Role) -> tuple[list[str], list[str]]:
    """Columns about people and about referrals that two projects both hold."""
    a, b = (columns_of(scene, role, *PERSONAL) for role in (one, other))
    people, referrals = (
        [name for name in a[table] if name in b[table]]
        for table in ("core.dim_people", "core.fct_referrals")
    )
    return people, referrals
