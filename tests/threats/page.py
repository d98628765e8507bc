"""The page docs/explanation/threat-model.md, made from attacks.toml and the marks.

`make threat-model` writes it; tests/architecture/test_threat_model.py compares it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from threats.attacks import Attack, ThreatModel, load_threats
from threats.marks import MarkedTest, marked_tests

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "threat-model.md"

_HEAD = """\
# Threat model: 36 attacks, the defences, and the tests that prove them

Made by `make threat-model` from `tests/threats/attacks.toml` and from the marks of the
tests; do not edit it. A test that proves a defence carries
`@pytest.mark.attack(<number>)`. A *control* shows that a proof can fail: the same
attack where the defence is missing, or the detector in front of what it must see.

`make intruder-report` runs these tests alone and says on one page what was tried, what
it cost and what it got.

Zones: **Z0** submissions as sent, **Z1** the vault, **Z2** the warehouse, **Z3**
packages, **Z4** what is published. What each holds stands in `SECURITY.md`.
"""


def page(model: ThreatModel, tests: Sequence[MarkedTest]) -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *_summary(model, tests), *_body(model, tests)])


def _summary(model: ThreatModel, tests: Sequence[MarkedTest]) -> Iterator[str]:
    yield "| | Attack | Zone | Stands |"
    yield "| --- | --- | --- | --- |"
    for attack in model.attacks:
        yield f"| {attack.number} | {attack.title} | {attack.zone} | " + (
            f"{_stand(attack, tests)} |"
        )
    yield ""


def _stand(attack: Attack, tests: Sequence[MarkedTest]) -> str:
    if attack.reason:
        return "waits" if attack.waits else "outside"
    ours = [t for t in tests if attack.number in t.attacks]
    controls = sum(t.is_control_of(attack.number) for t in ours)
    proofs = len(ours) - controls
    stand = _count(proofs, "test")
    if controls:
        stand += f", {_count(controls, 'control')}"
    return f"{stand}; in part" if attack.open else stand


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def _body(model: ThreatModel, tests: Sequence[MarkedTest]) -> Iterator[str]:
    for part, attacks in groupby(model.attacks, key=lambda attack: attack.part):
        yield f"## {part}. {model.parts[part]}\n"
        for attack in attacks:
            yield from _attack(attack, tests)
    yield "## Also on the list\n"
    for also in model.also:
        yield f"- **{also.title}.** {also.stand}"
        yield from (f"  - `{test}`" for test in also.tests)
    yield ""


def _attack(attack: Attack, tests: Sequence[MarkedTest]) -> Iterator[str]:
    yield f"### {attack.number}. {attack.title}\n"
    yield f"*Zone {attack.zone}; {attack.adversary}.* {attack.attack}\n"
    yield f"**Defence.** {attack.defence}\n"
    if attack.open:
        yield f"**Open.** {attack.open}\n"
    if attack.waits:
        yield f"**Waits.** {attack.waits}\n"
    if attack.outside:
        yield f"**Outside.** {attack.outside}\n"
    ours = [test for test in tests if attack.number in test.attacks]
    for file, group in groupby(ours, key=lambda test: test.file):
        yield f"- `{file}`"
        for test in group:
            kind = "control: " if test.is_control_of(attack.number) else ""
            said = f": {test.said}" if test.said else ""
            yield f"  - {kind}`{test.name}`{said}"
    if ours:
        yield ""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(load_threats(), marked_tests()), "utf-8")


if __name__ == "__main__":
    main()
