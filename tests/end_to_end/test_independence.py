"""The second calculation shares nothing with what it proves."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

INDEPENDENT = Path(__file__).parents[1] / "independent"
MODULES = sorted(INDEPENDENT.glob("*.py"))
# Folders that hold what is proved; a path into them would be a way round the imports.
PROVED = ("seeds", "macros", "models", "parity", "pseudonymisation", "orchestration")


def imported(tree: ast.AST) -> set[str]:
    """Top-level names of the modules that are imported; `.` for the package itself."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").partition(".")[0]
            names.add("." * node.level or module)
    return names


def foreign(tree: ast.AST) -> set[str]:
    """Imports that are neither the standard library nor the package itself."""
    return imported(tree) - set(sys.stdlib_module_names) - {"."}


def test_there_are_modules() -> None:
    assert len(MODULES) > 5


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_the_standard_library_is_imported(path: Path) -> None:
    assert foreign(ast.parse(path.read_text(encoding="utf-8"))) == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_text_names_a_folder_of_what_is_proved(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    documentation = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    }
    named = {word for text in texts - documentation for word in text.split("/")}
    assert named.isdisjoint(PROVED)


@pytest.mark.parametrize(
    "source",
    [
        "import parity",
        "import duckdb",
        "from parity.specification import load",
        "from importlib import x\nimport polars as p",
        "from ..end_to_end import agreement",
        "def f():\n    from macros import x",
    ],
)
def test_the_reading_of_imports_sees_foreign_ones(source: str) -> None:
    assert foreign(ast.parse(source)) != set()
