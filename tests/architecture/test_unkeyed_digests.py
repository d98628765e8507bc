"""No digest without a key is made of anything that identifies.

Whoever has an unkeyed digest of an NHS number has the number: there are few enough to
try them all (tests/intruder/test_dictionary_attack.py does). So a digest function, in
Python or in SQL, stands only where somebody has read what goes into it. A new one fails
here until it is listed with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ("parity", "pseudonymisation", "orchestration")
SUFFIXES = (".sql", ".yml", ".yaml", ".csv")
SQL = ("models", "macros", "tests/data", "seeds", "parity", "orchestration")

# Functions that digest without a key, whatever they are a method of. uuid3 and uuid5
# are MD5 and SHA-1 of a name; `hash` is Python's, polars' or DuckDB's.
NAMES = re.compile(
    r"md[245]|sha\d\w*|blake\w+|crc\d+|adler32|file_digest|hash|hash_rows|Hash|"
    r"uuid[35]|murmur\w*|xxh\w*|fnv\w*|md5_number\w*|farm_fingerprint|"
    r"(generate_)?surrogate_key|n?chash"
)
MODULE = "hashlib"
IN_SQL = re.compile(
    r"\b(md5\w*|sha\d\w*|hash|crc32|murmur\w*|farm_fingerprint|"
    r"\w*surrogate_key\w*)\s*\(",
    re.IGNORECASE,
)
COMMENT = re.compile(r"--[^\n]*|\{#.*?#\}|^\s*#[^\n]*", re.DOTALL | re.MULTILINE)

# What goes in, and why it may.
READ = {
    "parity/access/package_file.py": "key and row, to sort a table by: not kept",
    "parity/access/packages.py": "a package's file, which is encrypted",
    "parity/intake/seal.py": "rows, but only on the way into a keyed hash: not kept",
    "parity/publication/measure_metadata.py": "thresholds, which are public",
    "parity/publication/monthly.py": "a published file, after disclosure control",
    "parity/publication/provenance.py": "identifiers of submissions, keyed already",
    "parity/publication/signing.py": "published files, after disclosure control",
    "parity/rotation/renaming.py": "a table before and after, compared in memory",
    "parity/rotation/resealing.py": "tokens before and after, compared in memory",
    "parity/vault/scan/digests.py": "what the leak scan looks for, in memory only",
    "parity/warehouse/digest.py": "the sum of keyed tags",
    # chash.hmac_sha256 is keyed; its namespace has unkeyed ones too, so it is listed.
    "pseudonymisation/keyed_hash.py": "HMAC, the one that is meant",
}


def dotted(node: ast.expr) -> list[str]:
    """The parts of a.b.c; what comes before a call or an index is left out."""
    if isinstance(node, ast.Attribute):
        return [*dotted(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def docstrings(tree: ast.AST) -> set[int]:
    """Strings that stand alone: documentation, nothing that runs."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def digests_in_python(text: str) -> Iterator[str]:
    """Calls of digests, and names of digests in strings (SQL, names of algorithms)."""
    tree = ast.parse(text)
    written = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            names = dotted(node.func)
            if MODULE in names or any(NAMES.fullmatch(name) for name in names):
                yield ".".join(names)
        elif isinstance(node, ast.Constant) and id(node) not in written:
            if IN_SQL.search(str(node.value)):
                yield "in text"
        elif isinstance(node, ast.ImportFrom) and node.module == MODULE:
            yield f"from {MODULE}"


def digests_in_sql(text: str) -> Iterator[str]:
    """Calls of digests in SQL, Jinja or the SQL of a YAML file; not in comments."""
    yield from (found[0] for found in IN_SQL.finditer(COMMENT.sub("", text)))


def found() -> set[str]:
    """Files that make a digest without a key."""
    files: set[str] = set()
    for package in PYTHON:
        for path in (ROOT / package).rglob("*.py"):
            if any(digests_in_python(path.read_text("utf-8"))):
                files.add(path.relative_to(ROOT).as_posix())
    for folder in SQL:
        written = [p for p in (ROOT / folder).rglob("*") if p.suffix in SUFFIXES]
        for path in written:
            if any(digests_in_sql(path.read_text("utf-8"))):
                files.add(path.relative_to(ROOT).as_posix())
    return files


@pytest.mark.attack(14)
def test_only_files_that_were_read_make_digests() -> None:
    """Neither more than the list, nor a line in the list that nothing needs."""
    assert found() == set(READ)


@pytest.mark.attack(14)
def test_no_model_or_macro_makes_one() -> None:
    """dbt's surrogate keys and change detection are MD5: none of either."""
    assert not {name for name in found() if not name.endswith(".py")}


@pytest.mark.attack(14, control=True)
@pytest.mark.parametrize(
    "line",
    [
        "hashlib.sha256(number).hexdigest()",
        "hashlib.new('md5', number)",
        "hashlib.file_digest(file, 'sha256')",
        "from hashlib import sha1",
        "frame.select(pl.col('NHSNumber').hash())",
        "pl.col('NHSNumber').chash.sha2_256()",
        "pl.col('NHSNumber').nchash.md5()",
        "frame.hash_rows()",
        "hash(number)",
        "zlib.crc32(number)",
        "uuid.uuid5(space, number)",
        "Hash(SHA256())",
        "connection.execute('select md5(NHSNumber) from t')",
        "connection.execute('select sha256 (NHSNumber) from t')",
        "connection.execute(f'select hash({column}) from t')",
    ],
)
def test_the_detector_sees_python(line: str) -> None:
    assert any(digests_in_python(line))


@pytest.mark.attack(14, control=True)
@pytest.mark.parametrize(
    "line",
    [
        "select md5(nhs_number) from t",
        "select MD5 (nhs_number)",
        "select sha256(a || b)",
        "select hash(a, b)",
        "{{ dbt_utils.generate_surrogate_key(['nhs_number']) }}",
        "{{ dbt.hash('nhs_number') }}",
        "strategy: check -- a comment\nselect md5_number(a)",
    ],
)
def test_the_detector_sees_sql(line: str) -> None:
    assert any(digests_in_sql(line))


@pytest.mark.parametrize(
    "line", ["hmac.digest(key, text, 'sha256')", "token(key, 'k', 'v')", '"""md5(x)"""']
)
def test_the_detector_passes_over_keyed_hashes(line: str) -> None:
    assert not any(digests_in_python(line))


def test_the_detector_passes_over_comments() -> None:
    assert not any(digests_in_sql("-- not md5(x)\n{# nor hash(x) #}\nselect a"))
