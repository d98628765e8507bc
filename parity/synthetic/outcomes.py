"""What becomes of finished courses: outcomes first, then scores that say so.

What belongs here: the decision which courses are at caseness, recover, change, and the
search for first and last scores that make each decision true. The search draws scores
from the published distributions and keeps those that fit, for all courses at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from parity.synthetic import rates
from parity.synthetic.draws import Draws
from parity.synthetic.model import Outcome, Pathway
from parity.synthetic.months import years_between
from parity.synthetic.scales import GAD_7, PHQ_9, PROBLEMS, Problem, Scale

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

_CORRELATION = 0.6  # of first PHQ-9 and GAD-7 scores
_CHANGE_CORRELATION = 0.7  # ours
_ROUNDS = 4000
# From round to round the spread grows, so that rare combinations (a scale on which
# nobody starts below its case value) are found as well.
_WIDER_EACH_ROUND = 1 / 60
_NO_CHANGE_VALUE = 10_000  # larger than any change: a scale without a reliable value
_ANY = Problem((), 0.0)
# (mean, SD) of the relative change of a score, by what was decided.
_CHANGE: dict[tuple[bool, str], tuple[float, float]] = {
    (True, "improved"): (-0.58, 0.2),
    (True, "unchanged"): (-0.2, 0.15),
    (False, "improved"): (-0.28, 0.22),
    (False, "deteriorated"): (0.3, 0.25),
    (False, "unchanged"): (0.0, 0.18),
}


def decide_outcomes(pathways: Sequence[Pathway], draws: Draws) -> None:
    """Give every finished course without an outcome one, scores included."""
    open_cases = [p for p in pathways if p.outcome is None]
    for pathway in open_cases:
        pathway.outcome = _decide(pathway, draws)
    _find_scores(open_cases, draws.generator)


def specific_scale(pathway: Pathway) -> Scale:
    """Scale of the recorded problem, GAD-7 where it has none of its own."""
    return PROBLEMS[pathway.problem].scale if pathway.problem else GAD_7


def _between(ends: tuple[float, float], decile: str) -> float:
    """On the line from decile 1 to decile 10; the middle where it is not known."""
    position = (int(decile) - 1) / 9 if decile else 0.5
    return ends[0] + (ends[1] - ends[0]) * position


def _recovers(pathway: Pathway) -> float:
    person = pathway.registration.person
    age = years_between(person.birth_date, pathway.received)
    return (
        rates.RECOVERY_AT_CASENESS
        + _between(rates.RECOVERY_BY_DECILE, person.home.decile)
        + rates.RECOVERY_BY_ETHNICITY.get(person.ethnicity, 0.0)
        + next(added for last, added in rates.RECOVERY_BY_AGE if age <= last)
    )


def _decide(pathway: Pathway, draws: Draws) -> Outcome:
    paired = pathway.specific == "paired"
    outcome = Outcome(measure=specific_scale(pathway) if paired else GAD_7)
    if draws.chance(rates.UNPAIRED):
        outcome.pairing = draws.pick(rates.UNPAIRED_KIND)
        outcome.measure = GAD_7
        outcome.at_caseness = outcome.pairing != "none"
        return outcome
    decile = pathway.registration.person.home.decile
    if draws.chance(_between(rates.NOT_AT_CASENESS, decile)):
        outcome.not_at_caseness = True
        outcome.change = draws.pick(rates.CHANGE_NOT_AT_CASENESS)
        return outcome
    outcome.at_caseness = True
    outcome.recovered = draws.chance(_recovers(pathway))
    changes = rates.CHANGE_OF_RECOVERED if outcome.recovered else rates.CHANGE_OF_OTHERS
    outcome.change = draws.pick(changes)
    return outcome


@dataclass
class _Search:
    """The courses still without scores, one element of each array a course.

    `first` and `last` rows are PHQ-9 and the measure.
    """

    index: Whole
    mean: Real  # (2, n)
    deviation: Real  # (2, n)
    maximum: Whole  # (2, n)
    case_from: Whole  # (2, n)
    reliable: Whole  # (2, n)
    change_mean: Real
    change_deviation: Real
    avoided_score: Whole
    avoided_change: Whole
    one_reading: Truth
    at_caseness: Truth
    recovered: Truth
    direction: Whole  # -1 improved, 1 deteriorated, 0 unchanged
    phq_alone: Truth  # caseness shows in PHQ-9, as no anxiety scale was given

    def keep(self, mask: Truth) -> "_Search":
        """The same for some of the courses."""
        parts = {f.name: getattr(self, f.name)[..., mask] for f in fields(self)}
        return _Search(**parts)


def _search_of(courses: Sequence[Pathway]) -> _Search:
    outcomes = [p.outcome or Outcome() for p in courses]
    problems = [PROBLEMS[p.problem] if p.problem else _ANY for p in courses]
    scales = [outcome.measure for outcome in outcomes]
    starts = [
        problem.gad_7 if scale is GAD_7 else (scale.mean, scale.deviation)
        for problem, scale in zip(problems, scales, strict=True)
    ]
    spread = [_CHANGE.get((o.recovered, o.change), (0.0, 0.18)) for o in outcomes]
    sides = {"improved": -1, "deteriorated": 1}
    unpaired = np.array([o.pairing != "paired" for o in outcomes])

    def both(phq: list[float], measure: list[float]) -> Real:
        return np.array([phq, measure], dtype=np.float64)

    def whole(name: str, none: int = _NO_CHANGE_VALUE) -> Whole:
        values = [getattr(scale, name) for scale in scales]
        phq = getattr(PHQ_9, name)
        found = [none if value is None else value for value in values]
        return np.array([[phq] * len(found), found], dtype=np.int64)

    return _Search(
        index=np.arange(len(courses)),
        mean=both([p.phq_9[0] for p in problems], [s[0] for s in starts]),
        deviation=both([p.phq_9[1] for p in problems], [s[1] for s in starts]),
        maximum=whole("maximum"),
        case_from=whole("case_from"),
        reliable=whole("reliable"),
        change_mean=np.array([s[0] for s in spread]),
        change_deviation=np.array([s[1] for s in spread]),
        avoided_score=np.array([min(s.avoided_scores, default=-1) for s in scales]),
        avoided_change=np.array([s.avoided_change or -1 for s in scales]),
        one_reading=np.array([s.one_reading for s in scales]),
        at_caseness=np.array([o.at_caseness for o in outcomes]),
        recovered=np.array([o.recovered for o in outcomes]),
        direction=np.where(unpaired, 9, [sides.get(o.change, 0) for o in outcomes]),
        phq_alone=np.array([o.pairing == "phq only" for o in outcomes]),
    )


def _draw(
    search: _Search, generator: np.random.Generator, wider: float
) -> tuple[Whole, Whole]:
    """First and last scores, each (2, n): correlated, whole, inside their range."""
    count = len(search.index)
    noise = generator.standard_normal((4, count))
    noise[1] = _mix(noise[0], noise[1], _CORRELATION)
    noise[3] = _mix(noise[2], noise[3], _CHANGE_CORRELATION)
    first = np.rint(search.mean + search.deviation * wider * noise[:2])
    first = np.clip(first, 0, search.maximum)
    relative = search.change_mean + search.change_deviation * wider * noise[2:]
    # A change is relative to the case value where the first score lies below it:
    # otherwise who starts near zero could not get worse.
    last = np.rint(first + relative * np.maximum(first, search.case_from))
    last = np.clip(last, 0, search.maximum)
    return first.astype(np.int64), last.astype(np.int64)


def _mix(first: Real, second: Real, correlation: float) -> Real:
    other: Real = correlation * first + np.sqrt(1 - correlation**2) * second
    return other


def _side(change: Whole, reliable: Whole) -> Whole:
    """-1, 0 or 1 for each change: reliably better on one and worse on none, ..."""
    fell = (change <= -reliable).any(axis=0)
    rose = (change >= reliable).any(axis=0)
    return np.where(fell & ~rose, -1, np.where(rose & ~fell, 1, 0))


def _fits(search: _Search, first: Whole, last: Whole) -> Truth:
    """Which courses now have scores that make their decisions true."""
    change = last - first
    high_first, high_last = first >= search.case_from, last >= search.case_from
    at_caseness = np.where(search.phq_alone, high_first[0], high_first.any(axis=0))
    recovered = at_caseness & ~high_last.any(axis=0)
    direction = _side(change, search.reliable)
    phq_direction = _side(change[:1], search.reliable[:1])
    avoided = (
        (first[1] == search.avoided_score)
        | (last[1] == search.avoided_score)
        | (np.abs(change[1]) == search.avoided_change)
        | (search.one_reading & (direction != phq_direction))
    )
    outcome_fits = (recovered == search.recovered) & (direction == search.direction)
    is_unpaired = search.direction == 9
    same = at_caseness == search.at_caseness
    fits: Truth = same & (is_unpaired | outcome_fits) & ~avoided
    return fits


def _find_scores(courses: Sequence[Pathway], generator: np.random.Generator) -> None:
    wanted = [p for p in courses if p.outcome and p.outcome.pairing != "none"]
    if not wanted:
        return
    search = _search_of(wanted)
    for turn in range(_ROUNDS):
        first, last = _draw(search, generator, 1 + turn * _WIDER_EACH_ROUND)
        found = _fits(search, first, last)
        for place in np.flatnonzero(found).tolist():
            outcome = wanted[int(search.index[place])].outcome
            if outcome is not None:
                outcome.phq_first, outcome.measure_first = first[:, place].tolist()
                outcome.phq_last, outcome.measure_last = last[:, place].tolist()
        search = search.keep(~found)
        if not len(search.index):
            return
    raise RuntimeError("no scores were found for a decided outcome")
