"""How a run of the tests becomes the intruder report; loaded by tests/conftest.py.

Every marked test is in it. One that only passes or fails counts as one attempt; one
that counts its own attempts asks for the fixture `intruder`:

    intruder.tried(attempts=20_000, got=0, of=50, note="people named by a dictionary")
    intruder.control(got=50, of=50, note="people named by a dictionary with the key")

What a test says travels with its report (`user_properties`), so that it arrives from
the workers of pytest-xdist as well. `--intruder-report FOLDER` writes the report.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from threats.attacks import load_threats
from threats.report import Case, Try, write_report

_MARKS, _TRY = "attack", "intruder"


class Intruder:
    """What a test says of its attack: how often, and what was got."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def tried(self, attempts: int, got: int, of: int, note: str) -> None:
        """got of `of` things after a number of attempts. note: a sentence, no value."""
        self._say(Try(attempts, got, of, note))

    def control(self, got: int, of: int, note: str) -> None:
        """The same where the defence is missing: what is got is what can be seen."""
        self._say(Try(1, got, of, note, is_control=True))

    def _say(self, told: Try) -> None:
        self._properties.append((_TRY, dataclasses.asdict(told)))


@pytest.fixture
def intruder(request: pytest.FixtureRequest) -> Intruder:
    """Says for the intruder report what a test tried and what it got."""
    if request.node.get_closest_marker("attack") is None:
        raise pytest.UsageError("`intruder` is for tests marked with their attack")
    return Intruder(request.node.user_properties)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--intruder-report", metavar="FOLDER", help="write the intruder report there"
    )


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--intruder-report")
    if folder and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config.rootpath / folder))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    marks = [
        (number, mark.kwargs.get("control", False))
        for mark in item.iter_markers("attack")
        for number in mark.args
    ]
    if marks:
        item.user_properties.append((_MARKS, marks))


class Recorder:
    """Keeps what the tests of a session said, and writes it at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cases: dict[str, Case] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test counts once: its call, or the setup or teardown that failed."""
        if report.when == "call" or not report.passed:
            case = _case(report)
            if case is not None:
                self._cases[report.nodeid] = case

    def pytest_sessionfinish(self) -> None:
        if self._cases:
            write_report(
                self._folder, load_threats().attacks, list(self._cases.values())
            )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._cases:
            terminalreporter.write_line(f"intruder report: {self._folder}")


def _case(report: pytest.TestReport) -> Case | None:
    told = [value for name, value in report.user_properties if name == _TRY]
    marks = [value for name, value in report.user_properties if name == _MARKS]
    if not marks:
        return None
    return Case(
        place=report.nodeid.split("[")[0],
        marks=tuple((int(n), bool(control)) for n, control in marks[0]),
        outcome=report.outcome,
        seconds=report.duration,
        tries=tuple(Try(**value) for value in told),
    )
