"""The attacks as types: attacks.toml, read word by word and checked.

What belongs here: what each attack is and where it stands. Which tests prove what is
read from the tests themselves (marks.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threats.marks import MarkedTest

FILE = Path(__file__).with_name("attacks.toml")
NUMBERS = range(1, 37)

# What the work on pseudonymisation and keys must prove; 22 comes with disclosure.
MUST_HAVE_TESTS = frozenset(range(6, 25)) - {22}


@dataclass(frozen=True)
class Attack:
    """One attack. open, waits and outside are sentences or empty."""

    number: int
    part: str
    title: str
    zone: str
    adversary: str
    attack: str
    defence: str
    open: str = ""
    waits: str = ""
    outside: str = ""

    @property
    def reason(self) -> str:
        """Why there is no test; empty when there has to be one."""
        return self.waits or self.outside


@dataclass(frozen=True)
class Also:
    """A lesser threat, where we stand, and what holds it; no tests: it is open."""

    title: str
    stand: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class ThreatModel:
    """parts: letter to title. attacks: in order of number."""

    parts: Mapping[str, str]
    attacks: tuple[Attack, ...]
    also: tuple[Also, ...]


def load_threats(path: Path = FILE) -> ThreatModel:
    """The threat model of a file. A word that we do not know raises TypeError."""
    content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    also = [dict(item, tests=tuple(item.get("tests", ()))) for item in content["also"]]
    return ThreatModel(
        parts=content["parts"],
        attacks=tuple(Attack(**item) for item in content["attack"]),
        also=tuple(Also(**item) for item in also),
    )


def contradictions(
    attacks: Sequence[Attack], tests: Iterable[MarkedTest]
) -> dict[int, str]:
    """What does not fit together, by attack. Empty when page and tests are in step."""
    marked = list(tests)
    proving = {n for t in marked for n in t.attacks if not t.is_control_of(n)}
    found = {n: "a mark of no attack" for t in marked for n in t.attacks - set(NUMBERS)}
    for attack in attacks:
        if attack.waits and attack.outside:
            found[attack.number] = "it waits and is outside"
        elif attack.number in proving and attack.reason:
            found[attack.number] = "a test, and a reason why there is none"
        elif attack.number not in proving and not attack.reason:
            found[attack.number] = "neither a test nor a reason"
        elif attack.number in MUST_HAVE_TESTS and attack.number not in proving:
            found[attack.number] = "this one must have a test"
    return found
