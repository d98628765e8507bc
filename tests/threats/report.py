"""The intruder report: for each attack what was tried, what it cost, what it got.

What belongs here: adding up what the tests of a run said, and writing it as one page
of Markdown and as JSON. Names of tests and sentences of ours only: no parameter of a
test and no value stands in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from threats.attacks import Attack

NAME = "intruder-report"

# What a note may not hold: anything long enough to be a value.
_VALUE = re.compile(r"\d{5}|[0-9a-f]{12}|[^ -~]|[|`<>]", re.IGNORECASE)
_LONGEST_NOTE = 120


@dataclass(frozen=True)
class Try:
    """What one test said it tried. got of `of`: what the intruder has afterwards.

    is_control: the same without the defence, where something has to be got.
    """

    attempts: int
    got: int
    of: int
    note: str
    is_control: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.got <= self.of or self.attempts < 1:
            raise ValueError("got is between nought and all, of at least one attempt")
        if _VALUE.search(self.note) or not 0 < len(self.note) <= _LONGEST_NOTE:
            raise ValueError("a note is a short sentence without values")


@dataclass(frozen=True)
class Case:
    """One case of a marked test, run. marks: number of an attack, and if a control."""

    place: str
    marks: tuple[tuple[int, bool], ...]
    outcome: str
    seconds: float
    tries: tuple[Try, ...] = ()

    def is_control_of(self, attack: int) -> bool:
        """Whether this case is nothing but a control of an attack."""
        return all(control for number, control in self.marks if number == attack)


@dataclass(frozen=True)
class Line:
    """One attack in the report. through: tests that failed, so the defence as well."""

    number: int
    title: str
    attempts: int
    tests: int
    seconds: float
    got: tuple[str, ...]
    through: tuple[str, ...]
    controls: tuple[str, ...]
    blind: tuple[str, ...]
    stand: str


def line_of(attack: Attack, cases: Iterable[Case]) -> Line:
    """What a run says of one attack."""
    ours = [c for c in cases if any(n == attack.number for n, _ in c.marks)]
    run = [case for case in ours if case.outcome != "skipped"]
    proofs = [case for case in run if not case.is_control_of(attack.number)]
    controls = [case for case in run if case.is_control_of(attack.number)]
    told = [t for case in proofs for t in case.tries if not t.is_control]
    shown = [t for case in run for t in case.tries if t.is_control]
    silent = [case for case in proofs if all(t.is_control for t in case.tries)]
    through = _places(case for case in proofs if case.outcome != "passed")
    return Line(
        number=attack.number,
        title=attack.title,
        attempts=len(silent) + sum(t.attempts for t in told),
        tests=len(_places(proofs)),
        seconds=round(sum(case.seconds for case in run), 2),
        got=(*_added(told), *_held("held", silent)),
        through=through,
        controls=(*_added(shown), *_held("seen", controls)),
        blind=_places(case for case in controls if case.outcome != "passed"),
        stand=attack.reason or ("" if proofs else "no test of it was in this run"),
    )


def _added(tries: Sequence[Try]) -> tuple[str, ...]:
    """Equal notes are one sentence, their figures added."""
    notes = dict.fromkeys(t.note for t in tries)
    sums = {
        note: (
            sum(t.got for t in tries if t.note == note),
            sum(t.of for t in tries if t.note == note),
        )
        for note in notes
    }
    return tuple(f"{got:,} of {of:,}: {note}" for note, (got, of) in sums.items())


def _held(word: str, cases: Sequence[Case]) -> tuple[str, ...]:
    passed = sum(case.outcome == "passed" for case in cases)
    return (f"{word} {passed:,} of {len(cases):,}",) if cases else ()


def _places(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(sorted({case.place for case in cases}))


def write_report(
    folder: Path, attacks: Sequence[Attack], cases: Sequence[Case]
) -> list[Line]:
    """Write intruder-report.md and .json into a folder; returns the lines."""
    lines = [line_of(attack, cases) for attack in attacks]
    total = sum(_attempts(case) for case in cases)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.md").write_text(page(lines, total), "utf-8")
    content: dict[str, Any] = {
        "format": f"parity-{NAME}-1",
        "attempts": total,
        "got_through": sorted({place for line in lines for place in line.through}),
        "attacks": [asdict(line) for line in lines],
    }
    (folder / f"{NAME}.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return lines


def _attempts(case: Case) -> int:
    """Attempts of a case, once, however many attacks it counts for."""
    if case.outcome == "skipped" or all(control for _, control in case.marks):
        return 0
    return sum(t.attempts for t in case.tries if not t.is_control) or 1


def page(lines: Sequence[Line], total: int) -> str:
    """The report as one page. total: attempts, those of each test counted once."""
    tried = [line for line in lines if line.attempts]
    lost = sorted({place for line in lines for place in line.through})
    blind = sorted({place for line in lines for place in line.blind})
    rows = "\n".join(_row(line) for line in lines)
    verdict = (
        f"**Got through: {len(lost)} tests failed.**"
        if lost
        else "Nothing got through."
    )
    sight = f" **{len(blind)} controls saw nothing.**" if blind else ""
    return f"""\
# Intruder report

{len(tried)} of {len(lines)} attacks tried, \
{total:,} attempts. {verdict}{sight}
Made by a run of the tests; one that counts for two attacks is in both lines. *held*:
cases in which the defence did what it must. *seen*: cases in which the attack without
the defence, or a plant in front of the detector, showed what it must. Seconds are those
of the tests without what they share. The attacks stand in
`docs/explanation/threat-model.md`.

| | Attack | Tried | Cost | Got | Control |
| --- | --- | --- | --- | --- | --- |
{rows}
"""


def _row(line: Line) -> str:
    if line.stand:
        return f"| {line.number} | {line.title} | - | - | {line.stand} | - |"
    lost = [f"**got through:** `{place}`" for place in line.through]
    blind = [f"**saw nothing:** `{place}`" for place in line.blind]
    cells = (
        str(line.number),
        line.title,
        f"{line.attempts:,} in {line.tests} test{'' if line.tests == 1 else 's'}",
        f"{line.seconds:.1f} s",
        "; ".join([*lost, *line.got]),
        "; ".join([*blind, *line.controls]) or "-",
    )
    return "| " + " | ".join(cells) + " |"
