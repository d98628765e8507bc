"""The intruder report: what it adds up, what it says of failures, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from threats.attacks import load_threats
from threats.report import Case, Try, line_of, write_report

ATTACKS = load_threats().attacks
FIRST = ATTACKS[0]
PLACE = "tests/unit/test_x.py::test_x"


def case(*tries: Try, outcome: str = "passed", control: bool = False) -> Case:
    return Case(PLACE, ((1, control),), outcome, 0.5, tries)


def test_attempts_and_what_was_got_are_added() -> None:
    tried = Try(10, 0, 3, "people named")
    line = line_of(FIRST, [case(tried), case(tried), case(), case(control=True)])
    assert (line.attempts, line.tests, line.seconds) == (21, 1, 2.0)
    assert line.got == ("0 of 6: people named", "held 1 of 1")
    assert line.controls == ("seen 1 of 1",)
    assert (line.through, line.blind, line.stand) == ((), (), "")


def test_a_control_inside_a_test_is_no_attempt() -> None:
    shown = Try(1, 3, 3, "people named with the key", is_control=True)
    line = line_of(FIRST, [case(Try(5, 0, 3, "people named"), shown)])
    assert line.attempts == 5
    assert line.controls == ("3 of 3: people named with the key",)


def test_a_test_that_fails_got_through() -> None:
    line = line_of(FIRST, [case(), case(outcome="failed")])
    assert line.through == (PLACE,)
    assert line.got == ("held 1 of 2",)


def test_a_control_that_fails_saw_nothing() -> None:
    line = line_of(FIRST, [case(), case(outcome="failed", control=True)])
    assert (line.through, line.blind) == ((), (PLACE,))


def test_what_was_not_run_is_not_called_held() -> None:
    assert line_of(FIRST, []).stand
    assert line_of(FIRST, [case(outcome="skipped")]).stand


@pytest.mark.parametrize(
    "note",
    [
        "",
        "9990000018",
        "key 00ff00ff00ff",
        "x" * 121,
        "two\nlines",
        "a | cell",
        "Müller",
    ],
)
def test_a_note_holds_no_value(note: str) -> None:
    with pytest.raises(ValueError, match="note"):
        Try(1, 0, 1, note)


@pytest.mark.parametrize("figures", [(0, 0, 1), (1, 2, 1), (1, -1, 1)])
def test_impossible_figures_are_refused(figures: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="got"):
        Try(*figures, note="people named")


def test_both_files_tell_the_same(tmp_path: Path) -> None:
    both = replace(case(Try(7, 0, 2, "people named")), marks=((1, False), (2, False)))
    cases = [both, case(outcome="failed"), case(control=True)]
    write_report(tmp_path, ATTACKS, cases)
    content = json.loads((tmp_path / "intruder-report.json").read_text())
    page = (tmp_path / "intruder-report.md").read_text()
    assert (content["attempts"], content["got_through"]) == (8, [PLACE])
    assert f"**got through:** `{PLACE}`" in page
    assert page.count("\n| ") == len(ATTACKS) + 2


MODULE = """
import pytest

@pytest.mark.attack(14)
@pytest.mark.parametrize("value", ["secret4711", "other"])
def test_counts(value, intruder):
    intruder.tried(attempts=100, got=0, of=5, note="people named")

@pytest.mark.attack(14, control=True)
def test_control(): ...

@pytest.mark.attack(15)
def test_fails():
    assert "secret4711" == ""

@pytest.mark.attack(16)
def test_setup_fails(missing): ...

def test_unmarked(): ...
"""


@pytest.mark.parametrize("workers", [[], ["--numprocesses", "2"]])
def test_a_run_writes_it_also_from_several_workers(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    tests = Path(__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", str(tests))
    pytester.makeini("[pytest]\nmarkers = attack(*numbers): of the threat model")
    pytester.makepyfile(MODULE)
    pytester.runpytest_subprocess(
        "-p", "threats.plugin", "--intruder-report", "target", *workers
    )
    text = (pytester.path / "target" / "intruder-report.json").read_text()
    lines = {line["number"]: line for line in json.loads(text)["attacks"]}
    assert lines[14]["attempts"] == 200
    assert lines[14]["got"] == ["0 of 10: people named"]
    assert lines[14]["controls"] == ["seen 1 of 1"]
    place = "test_a_run_writes_it_also_from_several_workers.py::test_{}"
    assert lines[15]["through"] == [place.format("fails")]
    assert lines[16]["through"] == [place.format("setup_fails")]
    assert "secret4711" not in text
