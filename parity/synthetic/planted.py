"""Boundary cases that are put in on purpose: scores on a threshold, waits on a limit.

What belongs here: cases whose answer was worked out by hand, each with the flags that
it must get. Nothing is computed. They go to the first provider's early courses.
"""

from dataclasses import dataclass

from parity.synthetic.model import Outcome
from parity.synthetic.scales import (
    BIQ,
    GAD_7,
    HAI,
    MOBILITY,
    OCI,
    PCL_5,
    PDSS,
    PHQ_15,
    SPIN,
    Scale,
)


@dataclass(frozen=True)
class Case:
    """First and last scores with their answer; `problem` is what they need."""

    what: str
    phq: tuple[int, int]
    measure: tuple[int, int]
    at_caseness: bool
    recovered: bool
    change: str
    scale: Scale = GAD_7
    problem: str = ""

    def outcome(self) -> Outcome:
        """The outcome that the pathway gets."""
        return Outcome(
            measure=self.scale,
            at_caseness=self.at_caseness,
            not_at_caseness=not self.at_caseness,
            recovered=self.recovered,
            change=self.change,
            phq_first=self.phq[0],
            phq_last=self.phq[1],
            measure_first=self.measure[0],
            measure_last=self.measure[1],
        )


_UP, _DOWN, _SAME = "deteriorated", "improved", "unchanged"

CASES = (
    Case("PHQ-9 first at its case value", (10, 9), (7, 7), True, True, _SAME),
    Case("PHQ-9 and GAD-7 first one under", (9, 9), (7, 7), False, False, _SAME),
    Case("GAD-7 first at its case value", (9, 9), (8, 7), True, True, _SAME),
    Case("PHQ-9 last at its case value", (16, 10), (12, 7), True, False, _DOWN),
    Case("GAD-7 last at its case value", (14, 9), (12, 8), True, False, _DOWN),
    Case("both last one under", (18, 9), (14, 7), True, True, _DOWN),
    Case("PHQ-9 falls by 6", (20, 14), (12, 12), True, False, _DOWN),
    Case("PHQ-9 falls by 5", (20, 15), (12, 12), True, False, _SAME),
    Case("GAD-7 falls by 4", (15, 15), (14, 10), True, False, _DOWN),
    Case("GAD-7 falls by 3", (15, 15), (14, 11), True, False, _SAME),
    Case("PHQ-9 rises by 6", (12, 18), (10, 10), True, False, _UP),
    Case("PHQ-9 rises by 5", (12, 17), (10, 10), True, False, _SAME),
    Case("GAD-7 rises by 4", (12, 12), (10, 14), True, False, _UP),
    Case("GAD-7 rises by 3", (12, 12), (10, 13), True, False, _SAME),
    Case("one falls, one rises, both reliably", (15, 8), (10, 15), True, False, _SAME),
    Case("a fall of 6 and a rise of 4", (10, 4), (8, 12), True, False, _SAME),
    Case("a fall of 7 and a rise of 2", (16, 9), (5, 7), True, True, _DOWN),
    Case("not at caseness, rises by 6", (5, 11), (6, 6), False, False, _UP),
    Case("not at caseness, falls by 6", (9, 3), (7, 7), False, False, _DOWN),
    Case("zero is a score", (11, 0), (9, 0), True, True, _DOWN),
    Case("highest scores", (27, 27), (21, 21), True, False, _SAME),
    Case("recovers without reliable change", (12, 7), (9, 6), True, True, _SAME),
    Case("SPIN 19 to 9", (9, 9), (19, 9), True, True, _DOWN, SPIN, "social anxiety"),
    Case("SPIN 18 to 8", (9, 9), (18, 8), False, False, _DOWN, SPIN, "social anxiety"),
    Case("SPIN 30 to 21", (9, 9), (30, 21), True, False, _SAME, SPIN, "social anxiety"),
    Case("PDSS 8 to 4", (8, 8), (8, 4), True, True, _SAME, PDSS, "panic"),
    Case("PDSS 14 to 8", (8, 8), (14, 8), True, False, _DOWN, PDSS, "panic"),
    Case(
        "OCI falls by 32",
        (8, 8),
        (71, 39),
        True,
        True,
        _DOWN,
        OCI,
        "obsessive-compulsive",
    ),
    Case(
        "OCI falls by 31",
        (8, 8),
        (70, 39),
        True,
        True,
        _SAME,
        OCI,
        "obsessive-compulsive",
    ),
    Case(
        "PCL-5 32 to 22",
        (9, 9),
        (32, 22),
        True,
        True,
        _DOWN,
        PCL_5,
        "post-traumatic stress",
    ),
    Case(
        "PCL-5 31 to 22",
        (9, 9),
        (31, 22),
        False,
        False,
        _SAME,
        PCL_5,
        "post-traumatic stress",
    ),
    Case("HAI 18 to 14", (9, 9), (18, 14), True, True, _DOWN, HAI, "health anxiety"),
    Case("HAI 17 to 14", (9, 9), (17, 14), False, False, _SAME, HAI, "health anxiety"),
    Case(
        # 3.40 - 2.67 is less than 0.73 in floating point.
        "mobility falls by 0.73",
        (9, 9),
        (340, 267),
        True,
        False,
        _DOWN,
        MOBILITY,
        "agoraphobia",
    ),
    Case(
        "mobility falls by 0.72",
        (9, 9),
        (340, 268),
        True,
        False,
        _SAME,
        MOBILITY,
        "agoraphobia",
    ),
    Case(
        "mobility 2.31 to 2.29",
        (9, 9),
        (231, 229),
        True,
        True,
        _SAME,
        MOBILITY,
        "agoraphobia",
    ),
    Case(
        "BIQ falls, PHQ-9 decides",
        (9, 9),
        (60, 30),
        True,
        True,
        _SAME,
        BIQ,
        "body dysmorphia",
    ),
    Case(
        "PHQ-15 rises, PHQ-9 falls by 6",
        (14, 8),
        (9, 12),
        True,
        False,
        _DOWN,
        PHQ_15,
        "unexplained symptoms",
    ),
)
