"""Statements that Python puts together hold names from our own lists, never a value.

ruff's rule against SQL text (S608) cannot tell names from values and is off; this is
what stands in its place. A module that starts to put statements together fails here
until somebody has read it and listed it with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("parity", "pseudonymisation", "orchestration")

SQL = re.compile(
    r"\s*(select|insert|update|delete|create|drop|alter|attach|detach|copy|load|set|"
    r"comment on|with|left join|inner join)\s",
    re.IGNORECASE,
)

# Where the parts come from.
READ = {
    "parity/access/package_file.py": "names of the manifest, quoted; a path, quoted",
    "parity/access/rekeying.py": "constants and queries of package_file",
    "parity/home/encrypted_database.py": "an alias of a checked form; paths, quoted",
    "parity/publication/cells.py": "constants; one of three tables of ours",
    "parity/rewriting/engine.py": "aliases of ours; queries of a transform",
    "parity/rewriting/transform.py": "names of the catalog of our own file, quoted",
    "parity/rotation/renaming.py": "names of the specification; an epoch's number",
    "parity/rotation/resealing.py": "constants; columns of the vault's own file",
    "parity/rotation/root.py": "constants; a table of ours",
    "parity/vault/opt_out/gate.py": "constants of ours",
    "parity/vault/opt_out/leaving.py": "constants of ours",
    "parity/vault/opt_out/load.py": "names of the vault's own tables; constants",
    "parity/vault/pseudonym_map.py": "domains, which are words; a query of ours",
    "parity/vault/removal/gone.py": "constants; columns of the evidence",
    "parity/vault/removal/landed_rows.py": "names of the specification",
    "parity/vault/removal/vault_rows.py": "names of the catalog; of the evidence",
    "parity/vault/scan/databases.py": "names of a catalog, quoted; a path, quoted",
    "parity/warehouse/digest.py": "names of the catalog of our own file",
    "parity/warehouse/landed.py": "names and types of the specification",
}

# Quotation marks round a part make it a value. These are paths, with quotes doubled.
QUOTED = {"parity/access/package_file.py": {"quoted", "STORAGE_VERSION"}}


def built_statements(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each statement with a part put in: its template and the parts inside quotes."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.JoinedStr):
            continue
        parts = [v for v in node.values if isinstance(v, ast.FormattedValue)]
        template = "".join(
            v.value if isinstance(v, ast.Constant) else "{}" for v in node.values
        )
        if parts and SQL.match(template):
            names = iter(ast.unparse(part.value) for part in parts)
            pieces = re.findall(r"'\{\}'|\{\}", template)
            named = [(piece, next(names)) for piece in pieces]
            yield template, [name for piece, name in named if piece.startswith("'")]


def found() -> dict[str, set[str]]:
    """Modules that put statements together, with what they put inside quotes."""
    modules: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for _, quoted in built_statements(path.read_text("utf-8")):
                name = path.relative_to(ROOT).as_posix()
                modules.setdefault(name, set()).update(quoted)
    return modules


@pytest.mark.attack(28)
def test_only_modules_that_were_read_put_statements_together() -> None:
    assert set(found()) == set(READ)


@pytest.mark.attack(28)
def test_nothing_is_put_inside_quotes_but_paths() -> None:
    quoted = {name: parts for name, parts in found().items() if parts}
    assert quoted == QUOTED


@pytest.mark.attack(28, control=True)
def test_the_detector_sees_a_value_in_a_statement() -> None:
    ((template, quoted),) = built_statements(
        "connection.execute(f\"select * from t where code = '{row.code}'\")"
    )
    assert template == "select * from t where code = '{}'"
    assert quoted == ["row.code"]
