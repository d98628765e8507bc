"""Outcomes are decided first; the scores found for them must say the same."""

from collections.abc import Iterator
from csv import DictReader
from datetime import date

import numpy as np
import pytest

from parity.specification.loader import PROJECT_ROOT
from parity.synthetic import rates, scales
from parity.synthetic.caseload import Caseload
from parity.synthetic.draws import Draws
from parity.synthetic.model import Outcome, Pathway
from parity.synthetic.months import months_between
from parity.synthetic.outcomes import decide_outcomes
from parity.synthetic.planted import CASES, Case
from parity.synthetic.reference import make_country
from parity.synthetic.scales import GAD_7, PHQ_9, Scale

MONTHS = months_between(date(2024, 4, 1), date(2024, 12, 1))


@pytest.fixture(scope="module")
def finished() -> list[Pathway]:
    """About 4,000 finished courses, boundary cases included."""
    streams = [Draws(s) for s in np.random.SeedSequence(3).spawn(2)]
    caseload = Caseload(streams[0], make_country(2), MONTHS)
    found = [p for p in caseload.all_pathways(670) if p.ending == "finished"]
    decide_outcomes(found, streams[1])
    return found


def says(outcome: Outcome) -> dict[str, object]:
    """What four scores say, worked out the long way round."""
    scores = {
        PHQ_9: (outcome.phq_first, outcome.phq_last),
        outcome.measure: (outcome.measure_first, outcome.measure_last),
    }
    case = any(first >= scale.case_from for scale, (first, _) in scores.items())
    well = all(last < scale.case_from for scale, (_, last) in scores.items())
    changes = list(signs(scores))
    better, worse = -1 in changes, 1 in changes
    change = "unchanged"
    if better != worse:
        change = "improved" if better else "deteriorated"
    return {
        "at_caseness": case,
        "not_at_caseness": not case,
        "recovered": case and well,
        "change": change,
    }


def signs(scores: dict[Scale, tuple[int, int]]) -> Iterator[int]:
    """-1, 0, 1 for a reliable fall, neither, a reliable rise of each scale."""
    for scale, (first, last) in scores.items():
        if scale.reliable is not None and abs(last - first) >= scale.reliable:
            yield 1 if last > first else -1
        else:
            yield 0


def decided(outcome: Outcome) -> dict[str, object]:
    return {name: getattr(outcome, name) for name in says(outcome)}


def test_scores_say_what_was_decided(finished: list[Pathway]) -> None:
    outcomes = [p.outcome for p in finished if p.outcome]
    paired = [outcome for outcome in outcomes if outcome.pairing == "paired"]
    assert len(outcomes) == len(finished)
    assert len(paired) > 0.97 * len(finished)
    for outcome in paired:
        assert says(outcome) == decided(outcome)


def test_scores_are_inside_their_range(finished: list[Pathway]) -> None:
    for pathway in finished:
        outcome = pathway.outcome
        assert outcome is not None
        assert min(outcome.phq_first, outcome.phq_last) >= 0
        assert max(outcome.phq_first, outcome.phq_last) <= PHQ_9.maximum
        top = outcome.measure.maximum
        assert min(outcome.measure_first, outcome.measure_last) >= 0
        assert max(outcome.measure_first, outcome.measure_last) <= top


def test_nothing_stands_where_sources_disagree(finished: list[Pathway]) -> None:
    for pathway in finished:
        outcome = pathway.outcome
        assert outcome is not None
        measure = outcome.measure
        ends = {outcome.measure_first, outcome.measure_last}
        assert not ends & measure.avoided_scores
        if outcome.pairing == "paired" and measure.avoided_change is not None:
            change = abs(outcome.measure_last - outcome.measure_first)
            assert change != measure.avoided_change


def test_rates_are_as_published(finished: list[Pathway]) -> None:
    """Annual report 2024-25, within 2.5 percentage points."""
    outcomes = [p.outcome for p in finished if p.outcome]
    of_all = len(outcomes)
    of_recovery = of_all - sum(o.not_at_caseness for o in outcomes)
    improved = [o for o in outcomes if o.change == "improved"]
    found = {
        "at caseness": sum(o.at_caseness for o in outcomes) / of_all,
        "improvement": len(improved) / of_all,
        "no change": sum(o.change == "unchanged" for o in outcomes) / of_all,
        "deterioration": sum(o.change == "deteriorated" for o in outcomes) / of_all,
        "recovery": sum(o.recovered for o in outcomes) / of_recovery,
        "reliable recovery": sum(o.recovered for o in improved) / of_recovery,
    }
    published = {
        "at caseness": 0.946,
        "improvement": 0.675,
        "no change": 0.254,
        "deterioration": 0.058,
        "recovery": 0.505,
        "reliable recovery": 0.475,
    }
    assert found == pytest.approx(published, abs=0.025)


def test_first_scores_are_as_published(finished: list[Pathway]) -> None:
    """CBT, all problems: PHQ-9 14.2 to 9.5, GAD-7 13.3 to 8.6; correlated."""
    outcomes = [p.outcome for p in finished if p.outcome]
    gad = [o for o in outcomes if o.measure is GAD_7 and o.pairing == "paired"]
    scores = np.array(
        [[o.phq_first, o.phq_last, o.measure_first, o.measure_last] for o in gad]
    )
    assert scores.mean(axis=0) == pytest.approx([14.2, 9.2, 13.0, 8.2], abs=0.8)
    assert 0.45 < float(np.corrcoef(scores[:, 0], scores[:, 2])[0, 1]) < 0.7


def test_the_least_deprived_recover_more_often(finished: list[Pathway]) -> None:
    def recovery(deciles: set[str]) -> float:
        group = [
            p.outcome
            for p in finished
            if p.outcome and p.registration.person.home.decile in deciles
        ]
        counted = [o for o in group if not o.not_at_caseness]
        return sum(o.recovered for o in counted) / len(counted)

    assert recovery({"8", "9", "10"}) > recovery({"1", "2", "3"}) + 0.03


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_planted_case_says_what_was_worked_out_by_hand(case: Case) -> None:
    outcome = case.outcome()
    assert says(outcome) == decided(outcome)


def test_every_planted_case_and_wait_is_used(finished: list[Pathway]) -> None:
    notes = {pathway.note for pathway in finished}
    assert {case.what for case in CASES} <= notes
    assert {f"first wait of {days} days" for days in rates.BOUNDARY_WAITS} <= notes


def test_scales_typed_twice_agree() -> None:
    """The generator's own table and the warehouse's seeds were typed apart.

    They must say the same, and no code reads both.
    """
    own = {
        value.concept: value
        for value in vars(scales).values()
        if isinstance(value, Scale)
    }
    seeds = PROJECT_ROOT / "seeds"
    with (seeds / "scales.csv").open(encoding="utf-8") as stream:
        ranges = {row["scale_id"]: row for row in DictReader(stream)}
    compared = set()
    with (seeds / "scale_thresholds.csv").open(encoding="utf-8") as stream:
        for row in DictReader(stream):
            scale = own.get(ranges[row["scale_id"]]["snomed_code"])
            if scale is not None and row["valid_to_version"] == "2.1":
                compared.add(scale.concept)
                step = scale.steps_in_one
                case = round(float(row["case_value"]) * step)
                assert scale.case_from == case + (row["case_comparator"] == ">")
                value = row["reliable_change_value"]
                assert scale.reliable == (round(float(value) * step) if value else None)
                highest = ranges[row["scale_id"]]["maximum_score"]
                assert scale.maximum == int(highest) * step
    assert compared == set(own)
