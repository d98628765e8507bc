"""The policy file as types: what each role is granted, checked word by word.

What belongs here: loading policy.yml and answering what it grants over a catalog. A
word that we do not know is an error, never ignored: a misspelt restriction must not
become none. What is not granted is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from parity.access.catalog import CLASSES, Catalog, Column, Relation
from parity.access.errors import AccessError

POLICY_FILE = Path(__file__).with_name("policy.yml")

ROLES = (
    "researcher",
    "equality_lead",
    "provider_analyst",
    "commissioner_analyst",
    "operator",
    "publisher",
)
MARTS = ("core", "national", "measures", "equality", "data_quality", "reference")
ROW_FILTERS = ("all", "own_provider", "own_sub_icb")
DOORS = ("package",)

# Identifiers stop at the vault; a policy cannot give what no zone behind it has.
_GRANTABLE = tuple(name for name in CLASSES if name != "identifier")

_VERSION = 1
_ROLE_WORDS = {"purpose", "classes", "rows", "doors", "tables"}


@dataclass(frozen=True)
class Grant:
    """A table that a role is granted, less the columns withheld by name."""

    table: str
    withheld: frozenset[str]


@dataclass(frozen=True)
class Role:
    """What one role may see, and through which doors."""

    name: str
    purpose: str
    classes: frozenset[str]
    rows: str
    doors: tuple[str, ...]
    grants: tuple[Grant, ...]

    def grant(self, table: str) -> Grant | None:
        """The grant of a table, for example core.dim_people; None without one."""
        return next((grant for grant in self.grants if grant.table == table), None)


@dataclass(frozen=True)
class GrantedTable:
    """A table with the columns of it that a role may see, in their order."""

    relation: Relation
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Policy:
    """All roles by name."""

    version: int
    roles: Mapping[str, Role]

    def role(self, name: str) -> Role:
        """The role of a name. Raises AccessError (exit code 2) for an unknown one."""
        if name not in self.roles:
            known = ", ".join(self.roles)
            raise AccessError("unknown_role", f"the roles are: {known}", exit_code=2)
        return self.roles[name]


def granted_tables(role: Role, catalog: Catalog) -> tuple[GrantedTable, ...]:
    """The tables and columns that a role may see of what was built.

    Raises AccessError when the policy names a table or column that is not there, or
    grants a table of which no column is left.
    """
    return tuple(_granted(role, grant, catalog) for grant in role.grants)


def _granted(role: Role, grant: Grant, catalog: Catalog) -> GrantedTable:
    if grant.table not in catalog:
        raise AccessError("unknown_table", f"no such table was built: {grant.table}")
    relation = catalog[grant.table]
    names = {column.name for column in relation.columns}
    if strangers := sorted(grant.withheld - names):
        listed = ", ".join(f"{grant.table}.{name}" for name in strangers)
        raise AccessError("unknown_column", f"withheld but not there: {listed}")
    columns = tuple(
        column
        for column in relation.columns
        if column.sensitivity in role.classes and column.name not in grant.withheld
    )
    if not columns:
        raise AccessError("empty_grant", f"no column is left to see in {grant.table}")
    return GrantedTable(relation, columns)


class _Loader(yaml.SafeLoader):
    """YAML takes the last of two equal keys: a restriction could vanish so."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        content = super().construct_mapping(node, deep)
        if len(content) != len(node.value):
            raise yaml.YAMLError("a key stands twice")
        return content


@cache
def load_policy(path: Path = POLICY_FILE) -> Policy:
    """The policy of a file. Raises AccessError for anything that it does not know."""
    try:
        content = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  it is safe
    except (OSError, yaml.YAMLError):
        raise AccessError(
            "policy_unreadable", "the policy file cannot be read"
        ) from None
    top = _mapping(content, "policy", {"version", "roles"})
    if top["version"] != _VERSION:
        raise AccessError("policy_version", "the policy is of an unknown version")
    roles = _mapping(top["roles"], "roles", set(ROLES))
    return Policy(
        version=_VERSION,
        roles={name: _role(name, content) for name, content in roles.items()},
    )


def _role(name: str, content: object) -> Role:
    words = _mapping(content, name, _ROLE_WORDS)
    if words["rows"] not in ROW_FILTERS:
        raise AccessError("policy_word", f"{name}: unknown row filter")
    purpose = words["purpose"]
    if not isinstance(purpose, str) or not purpose.strip():
        raise AccessError("policy_word", f"{name}: a role needs a purpose")
    if not isinstance(words["tables"], dict) or not words["tables"]:
        raise AccessError("policy_word", f"{name}: a role needs tables")
    doors = _words(words["doors"], f"{name}: door", DOORS)
    if doors and words["rows"] != "all":
        raise AccessError("policy_word", f"{name}: no door applies a row filter yet")
    return Role(
        name=name,
        purpose=" ".join(purpose.split()),
        classes=frozenset(_words(words["classes"], f"{name}: class", _GRANTABLE)),
        rows=str(words["rows"]),
        doors=doors,
        grants=tuple(_grant(name, *item) for item in words["tables"].items()),
    )


def _grant(role: str, table: object, content: object) -> Grant:
    mart, _, name = str(table).partition(".")
    if mart not in MARTS or not name:
        raise AccessError("policy_word", f"{role}: unknown mart in its tables")
    if content is None:
        return Grant(f"{mart}.{name}", frozenset())
    withheld = _mapping(content, f"{role}: {mart}.{name}", {"withheld"})["withheld"]
    return Grant(f"{mart}.{name}", frozenset(_words(withheld, f"{role}: column", None)))


def _mapping(content: object, where: str, expected: set[str]) -> dict[str, Any]:
    """A mapping of exactly the expected words."""
    if not isinstance(content, dict) or content.keys() != expected:
        listed = ", ".join(sorted(expected))
        raise AccessError("policy_word", f"{where}: expected exactly {listed}")
    return content


def _words(
    content: object, where: str, known: tuple[str, ...] | None
) -> tuple[str, ...]:
    """A list of different words, all of them known (None: any word)."""
    if not isinstance(content, list) or len(set(map(str, content))) != len(content):
        raise AccessError("policy_word", f"{where}: expected a list without repeats")
    if not all(
        isinstance(word, str) and (not known or word in known) for word in content
    ):
        raise AccessError("policy_word", f"{where}: unknown word in the list")
    return tuple(content)
