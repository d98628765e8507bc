"""Outcomes of a course of treatment from four scores.

What belongs here: the choice of the second scale, caseness, recovery and reliable
change, as the official measures M179 to M195 and the v2.1 guide word them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from . import codes
from .codes import Scale


@dataclass(frozen=True)
class Course:
    """First and last scores on PHQ-9 and on the anxiety or problem-specific scale."""

    is_finished: bool
    phq_first: Decimal | None
    phq_last: Decimal | None
    adsm: Scale
    adsm_first: Decimal | None
    adsm_last: Decimal | None


@dataclass(frozen=True)
class Outcome:
    """Flags of a course; all False where it is not finished."""

    is_paired: bool = False
    is_at_caseness: bool = False
    is_not_at_caseness: bool = False
    is_recovered: bool = False
    is_improved: bool = False
    is_deteriorated: bool = False
    is_unchanged: bool = False
    is_reliably_recovered: bool = False


def scale_for(problem: str | None) -> Scale | None:
    """The problem-specific scale that a presenting complaint asks for."""
    if problem is None:
        return None
    for beginning, scale in codes.SCALE_OF_PROBLEM_GROUP.items():
        if problem.startswith(beginning):
            return scale
    return codes.SCALE_OF_PROBLEM.get(problem)


def is_case(scale: Scale, score: Decimal) -> bool:
    """Whether a score is at case level."""
    if scale.strictly_above:
        return score > scale.case_value
    return score >= scale.case_value


def fell(scale: Scale, first: Decimal, last: Decimal) -> bool:
    """Whether a score came down by at least the reliable change value."""
    return scale.reliable_change is not None and first - last >= scale.reliable_change


def rose(scale: Scale, first: Decimal, last: Decimal) -> bool:
    """Whether a score went up by at least the reliable change value."""
    return fell(scale, last, first)


def outcome_of(course: Course) -> Outcome:
    """Every outcome flag of a course."""
    if not course.is_finished:
        return Outcome()
    p1, pl, a1, al = (
        course.phq_first,
        course.phq_last,
        course.adsm_first,
        course.adsm_last,
    )
    adsm = course.adsm

    phq_case = p1 is not None and is_case(codes.PHQ_9, p1)
    adsm_case = a1 is not None and is_case(adsm, a1)
    at_caseness = phq_case or adsm_case
    not_at_caseness = p1 is not None and a1 is not None and not at_caseness

    if p1 is None or pl is None or a1 is None or al is None:
        return Outcome(is_at_caseness=at_caseness, is_not_at_caseness=not_at_caseness)

    recovered = at_caseness and not is_case(codes.PHQ_9, pl) and not is_case(adsm, al)
    any_fell = fell(codes.PHQ_9, p1, pl) or fell(adsm, a1, al)
    any_rose = rose(codes.PHQ_9, p1, pl) or rose(adsm, a1, al)
    improved = any_fell and not any_rose
    deteriorated = any_rose and not any_fell
    return Outcome(
        is_paired=True,
        is_at_caseness=at_caseness,
        is_not_at_caseness=not_at_caseness,
        is_recovered=recovered,
        is_improved=improved,
        is_deteriorated=deteriorated,
        is_unchanged=not improved and not deteriorated,
        is_reliably_recovered=recovered and improved,
    )
