"""What is brought in from elsewhere is locked, and none of it can run unasked."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")

# Loading one of these runs what was written into it.
RUNNING = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def unlocked(lock: str) -> list[str]:
    """Entries of a lock without a digest, or without an exact version."""
    entries = re.split(
        r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n?", "", lock).strip()
    )
    exact = re.compile(r"[\w.\[\]-]+==\S+")
    return [e for e in entries if not exact.match(e) or "--hash=sha256:" not in e]


def modules(text: str) -> set[str]:
    """First names of everything that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_every_dependency_is_locked_by_digest() -> None:
    assert unlocked(LOCK) == []
    assert LOCK.count("==") > 50


def test_the_reading_of_the_lock_sees_what_is_not_locked() -> None:
    assert unlocked("a==1 \\\n    --hash=sha256:00\nb==2\nc>=1 --hash=sha256:00") == [
        "b==2",
        "c>=1 --hash=sha256:00",
    ]


def test_setup_takes_only_what_is_locked() -> None:
    """Every install in the Makefile asks for digests or fetches nothing."""
    recipe = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    installs = [line for line in recipe.splitlines() if "pip install" in line]
    assert installs
    for line in installs:
        assert "--no-deps" in line
        assert "--require-hashes" in line or "--no-build-isolation" in line


def test_no_dbt_package_is_installed() -> None:
    """A package's macros run while dbt parses, before any gate of ours."""
    for name in ("packages.yml", "dependencies.yml", "package-lock.yml"):
        assert not (ROOT / name).exists()
    assert "packages-install-path" not in (ROOT / "dbt_project.yml").read_text("utf-8")


def test_nothing_of_ours_loads_what_can_run() -> None:
    for package in ("parity", "pseudonymisation", "orchestration"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text("utf-8")
            assert not modules(text) & RUNNING, path.name
            assert not re.search(r"yaml\.(unsafe_load|full_load)|UnsafeLoader", text)
    assert modules("from pickle import loads\nimport dill.x") == {"pickle", "dill"}
