"""What the documents name exists: files, commands, make targets, tests, parameters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from test_command_line import BUILT

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

# Folders that a path in a document may begin with; demo-home is made, not committed.
FOLDERS = [
    "benchmarks",
    "docs",
    "macros",
    "models",
    "orchestration",
    "parity",
    "pseudonymisation",
    "seeds",
    "tests",
]

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"```[a-z]*\n(.*?)```", re.DOTALL)
PATH = re.compile(r"[\w.-]+(/[\w.*<>-]+)+/?|\.?[\w-]+\.(md|toml|yml|lock)")
WORD = r"[a-z]+(?:-[a-z]+)*"
COMMAND = re.compile(rf"(?:^|[\s/`])parity ({WORD}(?: {WORD})?)", re.MULTILINE)
TARGET = re.compile(r"(?:^|[`\s])make ([a-z][a-z-]*)(?=[`\s,.;:)]|$)", re.MULTILINE)

identified = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def code_of(text: str) -> str:
    """Everything that is set as code: fenced blocks and words in backticks."""
    plain = FENCED.sub("", text)
    return "\n".join([*FENCED.findall(text), *CODE.findall(plain)])


def paths_in(text: str) -> set[str]:
    """Words set as code that read as a path in this project."""
    return {
        word.rstrip("/")
        for word in CODE.findall(FENCED.sub("", text))
        if PATH.fullmatch(word) and (word.split("/")[0] in FOLDERS or "/" not in word)
    }


@identified
def test_links_lead_to_files(document: Path) -> None:
    links = {a or b for a, b in LINK.findall(document.read_text("utf-8"))}
    missing = {link for link in links if not (document.parent / link).exists()}
    assert not missing


@identified
def test_paths_in_code_exist(document: Path) -> None:
    paths = paths_in(document.read_text("utf-8"))
    assert not {p for p in paths if "<" not in p and not list(ROOT.glob(p))}


@identified
def test_commands_in_code_exist(document: Path) -> None:
    groups = {name.split()[0] for name in BUILT if " " in name}
    for words in COMMAND.findall(code_of(document.read_text("utf-8"))):
        name = words if words.split()[0] in groups else words.split()[0]
        assert name in BUILT or name in groups


@identified
def test_make_targets_in_code_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(TARGET.findall(code_of(document.read_text("utf-8"))))
    assert named <= targets


@identified
def test_no_document_names_a_host(document: Path) -> None:
    """Where packages come from is each site's own business."""
    assert not re.findall(r"https?://(?!127\.0\.0\.1)", document.read_text("utf-8"))


def test_the_detector_sees_what_is_not_there() -> None:
    assert paths_in("see `parity/no_such_file.py` and `NOWHERE.md`") == {
        "parity/no_such_file.py",
        "NOWHERE.md",
    }
    assert COMMAND.findall(code_of("`parity nonsense`")) == ["nonsense"]
    assert TARGET.findall(code_of("run `make nonsense`")) == ["nonsense"]


def test_every_parameter_is_explained() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))
    page = (ROOT / "docs/explanation/derivations.md").read_text("utf-8")
    assert not {name for name in project["vars"] if f"`{name}`" not in page}


def test_every_decision_is_dated() -> None:
    for page in (ROOT / "docs/decisions").glob("*.md"):
        assert re.match(r"\d{4}-\d{2}-\d{2}-[a-z-]+$", page.stem)
        for part in (
            "**Context.**",
            "**Decision.**",
            "**Consequences.**",
            "**Costs.**",
        ):
            assert part in page.read_text("utf-8")
