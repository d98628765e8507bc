"""Why a role may or may not see a column, in a sentence.

What belongs here: reading the policy aloud. It decides nothing: the same grants compile
to packages (parity.access.policy).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity.access.catalog import Column, Relation, read_catalog
from parity.access.errors import AccessError
from parity.access.policy import Policy, Role


@dataclass(frozen=True)
class Explanation:
    """One column and one role. reason: a sentence for a person."""

    role: str
    column: str
    sensitivity: str
    is_granted: bool
    reason: str


def access_explain(
    policy: Policy, manifest: Path, role: str, column: str
) -> tuple[Explanation, ...]:
    """Explain every column of a name: `x`, `table.x` or `schema.table.x`.

    Raises AccessError (exit code 2) for an unknown role or a column that is nowhere.
    """
    asked = policy.role(role)
    found = [
        _explain(asked, relation, each)
        for relation in read_catalog(manifest).values()
        for each in relation.columns
        if f".{relation.label}.{each.name}".endswith(f".{column.lower()}")
    ]
    if not found:
        raise AccessError("unknown_column", "no table has such a column", exit_code=2)
    return tuple(sorted(found, key=lambda each: (not each.is_granted, each.column)))


def _explain(role: Role, relation: Relation, column: Column) -> Explanation:
    is_granted, reason = _decide(role, relation, column)
    return Explanation(
        role=role.name,
        column=f"{relation.label}.{column.name}",
        sensitivity=column.sensitivity,
        is_granted=is_granted,
        reason=reason,
    )


def _decide(role: Role, relation: Relation, column: Column) -> tuple[bool, str]:
    grant = role.grant(relation.label)
    if grant is None:
        return False, f"the table {relation.label} is not granted to {role.name}"
    if column.sensitivity not in role.classes:
        return False, f"the class {column.sensitivity} is not granted to {role.name}"
    if column.name in grant.withheld:
        return False, f"withheld from {role.name} by name in {relation.label}"
    if not role.doors:
        return False, f"granted on paper, but the role {role.name} has no door yet"
    return True, (
        f"the table and the class {column.sensitivity} are granted to {role.name}"
    )
