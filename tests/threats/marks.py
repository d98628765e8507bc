"""Which test proves the defence against which attack, read from the tests' text.

A test says so itself: `@pytest.mark.attack(21, 24)`. `control=True` says that it shows
a detector at work: what the proof would look like if the defence were missing. Marks
count wherever pytest takes them: on a function, a class, a module (`pytestmark`), one
set of parameters, or by a name of the module that stands for the mark.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]

Names = Mapping[str, ast.expr]


@dataclass(frozen=True, order=True)
class Mark:
    """One mark: its attacks, and whether the test is a control."""

    numbers: tuple[int, ...]
    is_control: bool = False


@dataclass(frozen=True)
class MarkedTest:
    """A test function with its marks. said: its docstring's first sentence."""

    file: str
    name: str
    said: str
    marks: frozenset[Mark]

    @property
    def place(self) -> str:
        """As pytest names it, without parameters."""
        return f"{self.file}::{self.name}"

    @property
    def attacks(self) -> frozenset[int]:
        """Every number of every mark."""
        return frozenset(n for mark in self.marks for n in mark.numbers)

    def is_control_of(self, attack: int) -> bool:
        """Whether all that this test does for an attack is to be a control."""
        return all(m.is_control for m in self.marks if attack in m.numbers)


class UnreadableMark(Exception):
    """A mark whose numbers do not stand in the text."""


def marked_tests(folder: Path = TESTS) -> tuple[MarkedTest, ...]:
    """Every marked test below a folder, in order of file and line."""
    found: list[MarkedTest] = []
    for path in sorted(folder.rglob("test_*.py")):
        file = path.relative_to(folder.parent).as_posix()
        found.extend(t for t in read_tests(path.read_text("utf-8"), file) if t.marks)
    return tuple(found)


def read_tests(text: str, file: str) -> Iterator[MarkedTest]:
    """Every test of a module's text, marked or not."""
    tree = ast.parse(text)
    names = _assigned(tree.body)
    yield from _tests(tree.body, file, "", _pytestmark(names), names)


def _tests(
    body: Iterable[ast.stmt],
    file: str,
    prefix: str,
    inherited: frozenset[Mark],
    names: Names,
) -> Iterator[MarkedTest]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            own = _pytestmark({**names, **_assigned(node.body)}, _assigned(node.body))
            marks = inherited | own | _marks(node.decorator_list, names)
            yield from _tests(node.body, file, f"{prefix}{node.name}::", marks, names)
        elif isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef
        ) and node.name.startswith("test"):
            marks = inherited | _marks(node.decorator_list, names)
            yield MarkedTest(file, prefix + node.name, _said(node), marks)


def _said(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The first sentence of the docstring; empty when the name says everything."""
    words = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
    end = words.find(". ")
    return words if end < 0 else words[: end + 1]


def _assigned(body: Iterable[ast.stmt]) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _pytestmark(names: Names, own: Names | None = None) -> frozenset[Mark]:
    value = (names if own is None else own).get("pytestmark")
    return _marks([value], names) if value is not None else frozenset()


def _marks(
    expressions: Iterable[ast.expr], names: Names, depth: int = 3
) -> frozenset[Mark]:
    """Marks anywhere in expressions, also behind names of the module."""
    found: set[Mark] = set()
    for expression in expressions:
        for node in ast.walk(expression):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                "mark.attack"
            ):
                found.add(_mark(node))
            elif isinstance(node, ast.Name) and node.id in names and depth:
                found |= _marks([names[node.id]], names, depth - 1)
    return frozenset(found)


def _mark(call: ast.Call) -> Mark:
    """Numbers and `control`, which must be literals: a page cannot run the tests."""
    try:
        numbers = tuple(ast.literal_eval(argument) for argument in call.args)
        words = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    except ValueError:
        raise UnreadableMark(ast.unparse(call)) from None
    if not numbers or not all(type(n) is int for n in numbers):
        raise UnreadableMark(ast.unparse(call))
    if words.keys() - {"control"}:
        raise UnreadableMark(ast.unparse(call))
    return Mark(numbers, words.get("control") is True)
