"""The threat model, its page and the marks of the tests say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from threats.attacks import MUST_HAVE_TESTS, NUMBERS, contradictions, load_threats
from threats.marks import Mark, MarkedTest, UnreadableMark, marked_tests, read_tests
from threats.page import PAGE, page

MODEL = load_threats()
MARKED = marked_tests()
TESTS = Path(__file__).parents[1]


def test_every_attack_stands_once_and_in_order() -> None:
    assert [attack.number for attack in MODEL.attacks] == list(NUMBERS)
    assert {attack.part for attack in MODEL.attacks} == set(MODEL.parts)


def test_the_page_is_what_the_generator_makes() -> None:
    """`make threat-model` writes it anew."""
    assert PAGE.read_text("utf-8") == page(MODEL, MARKED)


def test_every_attack_has_a_test_or_a_reason_and_not_both() -> None:
    assert contradictions(MODEL.attacks, MARKED) == {}


def test_every_attack_and_threat_is_told_in_full() -> None:
    for attack in MODEL.attacks:
        for words in (attack.title, attack.zone, attack.adversary):
            assert words.strip() == words != ""
        for said in (attack.attack, attack.defence):
            assert said.endswith(".")
    for also in MODEL.also:
        assert also.tests or also.stand.startswith("Open")


def test_tests_that_hold_a_lesser_threat_exist() -> None:
    named = {test for also in MODEL.also for test in also.tests}
    there = {
        test.place
        for path in TESTS.rglob("test_*.py")
        for test in read_tests(
            path.read_text("utf-8"), path.relative_to(TESTS.parent).as_posix()
        )
    }
    assert named <= there


def test_the_text_shows_the_marks_that_pytest_sees(
    request: pytest.FixtureRequest,
) -> None:
    """The page reads marks without running anything; here both are at hand."""
    read = {test.place: test.attacks for test in MARKED}
    seen: dict[str, set[int]] = {}
    for item in request.session.items:
        place = item.nodeid.split("[")[0]
        numbers = seen.setdefault(place, set())
        numbers.update(n for mark in item.iter_markers("attack") for n in mark.args)
    assert {place: read.get(place, frozenset()) for place in seen} == seen


MARKS = """
import pytest
pytestmark = [pytest.mark.slow, pytest.mark.attack(1)]
proves = pytest.mark.attack(4, control=True)
CASES = [pytest.param(1, marks=pytest.mark.attack(5)), 2]

@pytest.mark.attack(2, 3)
def test_a(): ...

@proves
def test_b(): "Said here. And more."

@pytest.mark.parametrize("case", CASES)
def test_c(case): ...

@pytest.mark.attack(6)
class TestD:
    pytestmark = pytest.mark.attack(7)
    def test_e(self): ...

def helper(): ...
"""


def test_marks_are_found_wherever_pytest_takes_them() -> None:
    found = {test.name: test for test in read_tests(MARKS, "tests/test_x.py")}
    assert {name: set(test.attacks) for name, test in found.items()} == {
        "test_a": {1, 2, 3},
        "test_b": {1, 4},
        "test_c": {1, 5},
        "TestD::test_e": {1, 6, 7},
    }
    assert found["test_b"].is_control_of(4)
    assert not found["test_b"].is_control_of(1)
    assert (found["test_a"].said, found["test_b"].said) == ("", "Said here.")


@pytest.mark.parametrize(
    "mark", ["attack()", "attack(N)", "attack('1')", "attack(1, x=2)"]
)
def test_a_mark_that_cannot_be_read_is_refused(mark: str) -> None:
    with pytest.raises(UnreadableMark):
        list(read_tests(f"@pytest.mark.{mark}\ndef test_a(): ...\n", "tests/test_x.py"))


def marked(number: int, *, is_control: bool = False) -> MarkedTest:
    mark = Mark((number,), is_control)
    return MarkedTest("tests/test_x.py", "test_x", "X.", frozenset([mark]))


def test_what_does_not_fit_is_seen() -> None:
    """The control of the comparison above, for each kind of contradiction."""
    bare = replace(MODEL.attacks[0], number=1, open="", waits="", outside="")
    waiting = replace(bare, waits="Not built yet.")
    needed = replace(waiting, number=min(MUST_HAVE_TESTS))
    assert contradictions([bare], [marked(1)]) == {}
    assert contradictions([waiting], []) == {}
    assert set(contradictions([bare], [])) == {1}
    assert set(contradictions([bare], [marked(1, is_control=True)])) == {1}
    assert set(contradictions([waiting], [marked(1)])) == {1}
    assert set(contradictions([needed], [])) == {needed.number}
    assert set(contradictions([bare], [marked(1), marked(37)])) == {37}
    assert set(contradictions([replace(waiting, outside="No.")], [])) == {1}
