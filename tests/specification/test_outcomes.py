"""Outcomes of a course of treatment, as drawn tables that a clinician can read.

`12 > 7` is a first score of 12 and a last of 7; `?` is a score that was not taken. The
second scale is GAD-7, or the scale of the problem where it was taken at least twice.
Thresholds: a case is PHQ-9 of 10 and more, GAD-7 of 8 and more, SPIN of 19 and more, a
mobility inventory above 2.3; a reliable change is 6 points of PHQ-9, 4 of GAD-7, 10 of
SPIN, 0.73 of the mobility inventory. Sources: NHS England measures metadata July 2026
(M179 to M195); the guide to IAPT data v2.1.
"""

from __future__ import annotations

import pytest
from independent import codes
from independent.outcomes import Course, Outcome, outcome_of
from outcome_tables import Drawn, OutcomesModel, Scored, in_words, read_drawing

RESULTS = ("second scale", "at the start", "recovery", "change", "reliable recovery")

COURSES = """
| # | problem   | PHQ-9   | GAD-7   | own scale      | second scale | at the start | recovery | change       | reliable recovery | because                                            |
|---|-----------|---------|---------|----------------|--------------|--------------|----------|--------------|-------------------|----------------------------------------------------|
| 1 | F411      | 12 > 7  |  9 > 6  |                | GAD-7        | case         | yes      | no change    | -                 | below both thresholds, but 5 and 3 are not enough  |
| 2 | F411      | 20 > 12 | 15 > 10 |                | GAD-7        | case         | -        | improved     | -                 | 8 and 5 points better, still a case on both        |
| 3 | F411      |  9 > 3  |  7 > 7  |                | GAD-7        | no case      | -        | improved     | -                 | nobody recovers who was no case                    |
| 4 | F411      | 15 > 8  | 10 > 15 |                | GAD-7        | case         | -        | no change    | -                 | one measure better, the other worse                |
| 5 | F411      | 10 > 9  |  7 > 7  |                | GAD-7        | case         | yes      | no change    | -                 | a PHQ-9 of 10 is a case                            |
| 6 | F411      |  9 > 9  |  8 > 4  |                | GAD-7        | case         | yes      | improved     | yes               | a GAD-7 of 8 is a case, and 4 points are enough    |
| 7 | F322      | 18 > 9  | 14 > 7  |                | GAD-7        | case         | yes      | improved     | yes               | both well below at the end                         |
| 8 |           |  5 > 11 |  6 > 6  |                | GAD-7        | no case      | -        | deteriorated | -                 | 6 points worse                                     |
| 9 | F411      | 14 > ?  | 12 > 5  |                | GAD-7        | case         | -        | -            | -                 | a missing last score is not 'no change'            |
| 10 | F411     |  ? > ?  |  ? > ?  |                | GAD-7        | unknown      | -        | -            | -                 | finished without any score                         |
| 11 | F411     | 16 > 9  |  5 > 7  |                | GAD-7        | case         | yes      | improved     | yes               | 2 points worse on GAD-7 are within its error       |
| 12 | F401     |  9 > 9  |  ? > ?  | SPIN 19 > 9    | SPIN         | case         | yes      | improved     | yes               | social phobia has its own scale                    |
| 13 | F401     |  9 > 9  |  9 > 5  | SPIN 18 > 8    | SPIN         | no case      | -        | improved     | -                 | its own scale is used though it starts below       |
| 14 | F400     | 11 > 9  |  ? > ?  | MI 2.30 > 1.50 | MI           | case         | yes      | improved     | yes               | a case by PHQ-9                                    |
| 15 | F411     | 10 > 4  |  8 > 12 |                | GAD-7        | case         | -        | no change    | -                 | 6 down on one, 4 up on the other                   |
| 16 | F400     |  9 > 9  |  ? > ?  | MI 2.30 > 1.57 | MI           | no case      | -        | improved     | -                 | 2.30 is not above 2.3                              |
| 17 | F400     |  9 > 9  |  ? > ?  | MI 2.31 > 1.58 | MI           | case         | yes      | improved     | yes               | 0.73 exactly, in decimals                          |
| 18 | F400     |  9 > 9  |  ? > ?  | MI 2.31 > 1.59 | MI           | case         | yes      | no change    | -                 | 0.72 is too little                                 |
| 19 | 83482000 | 12 > 9  | 12 > 3  | BIQ 60 > 20    | BIQ          | case         | yes      | no change    | -                 | no reliable change is known for BIQ: PHQ-9 decides |
| 20 | 83482000 | 15 > 9  | 12 > 3  | BIQ 60 > 20    | BIQ          | case         | yes      | improved     | yes               | PHQ-9 decides, and fell by 6                       |
| 21 | F401     | 16 > 7  | 12 > 5  | SPIN 30 > ?    | GAD-7        | case         | yes      | improved     | yes               | its own scale was taken once only                  |
| 22 | F412     | 16 > 7  | 12 > 5  | SPIN 30 > 29   | GAD-7        | case         | yes      | improved     | yes               | SPIN is not the scale of mixed anxiety             |
| 23 | F422     |  9 > 9  |  9 > 5  | OCI 40 > 8     | OCI          | case         | yes      | improved     | yes               | F42 with any further digit asks for OCI            |
| 24 | F411     | 10 > 4  |  8 > 11 |                | GAD-7        | case         | -        | improved     | -                 | 3 up on GAD-7 is no deterioration                  |
| 25 | F411     | 10 > 5  |  8 > 5  |                | GAD-7        | case         | yes      | no change    | -                 | one point short on both                            |
| 26 | F411     |  0 > 6  |  0 > 0  |                | GAD-7        | no case      | -        | deteriorated | -                 | zero is a score                                    |
| 27 | F411     |  ? > ?  |  9 > 5  |                | GAD-7        | case         | -        | -            | -                 | one first score is enough to be a case             |
| 28 | F411     |  ? > ?  |  7 > 5  |                | GAD-7        | unknown      | -        | -            | -                 | but not to be none                                 |
"""  # noqa: E501  a drawing is read across

# The same people under the older rule, where the problem's own scale counts only when
# it starts at case level (a parameter; the data do not say which reading v2 takes).
OLDER_RULE = """
| #  | problem | PHQ-9  | GAD-7 | own scale   | second scale | at the start | recovery | change   | reliable recovery | because                     |
|----|---------|--------|-------|-------------|--------------|--------------|----------|----------|-------------------|-----------------------------|
| 12 | F401    |  9 > 9 | ? > ? | SPIN 19 > 9 | SPIN         | case         | yes      | improved | yes               | its own scale starts a case |
| 13 | F401    |  9 > 9 | 9 > 5 | SPIN 18 > 8 | GAD-7        | case         | yes      | improved | yes               | it does not, so GAD-7 is used |
"""  # noqa: E501

UNFINISHED = """
| # | problem | PHQ-9  | GAD-7  | own scale   | discharged | sessions | second scale | at the start | recovery | change | reliable recovery | because                            |
|---|---------|--------|--------|-------------|------------|----------|--------------|--------------|----------|--------|-------------------|------------------------------------|
| 1 | F411    | 18 > 9 | 14 > 7 |             | yes        | 1        | GAD-7        | -            | -        | -      | -                 | one session does not make a course |
| 2 | F411    | 18 > 9 | 14 > 7 |             | no         | 5        | GAD-7        | -            | -        | -      | -                 | nothing is an outcome before the end |
| 3 | F401    | 18 > 9 | 14 > 7 | SPIN 30 > 9 | no         | 5        | GAD-7        | -            | -        | -      | -                 | no last score yet, so GAD-7 stands |
"""  # noqa: E501


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OutcomesModel:
    """The model as it is built."""
    return OutcomesModel(tmp_path_factory.mktemp("dbt"), {})


@pytest.fixture(scope="module")
def older_model(tmp_path_factory: pytest.TempPathFactory) -> OutcomesModel:
    """The model with the v1.5 condition on the first score."""
    variables = {"adsm_requires_case_first_score": True}
    return OutcomesModel(tmp_path_factory.mktemp("dbt"), variables)


def disagreements(drawn: list[Drawn], found: list[Drawn]) -> list[str]:
    """Numbers of the drawn rows, with the words that differ."""
    assert len(found) == len(drawn)
    return [
        f"row {row['#']}: {name} is {words[name]!r}, drawn {row[name]!r}"
        for row, words in zip(drawn, found, strict=True)
        for name in RESULTS
        if words[name] != row[name]
    ]


@pytest.mark.parametrize(
    "drawing",
    [pytest.param(COURSES, id="courses"), pytest.param(UNFINISHED, id="unfinished")],
)
def test_model_agrees_with_the_drawing(model: OutcomesModel, drawing: str) -> None:
    drawn = read_drawing(drawing)
    rows = model.outcomes([Scored.of(row) for row in drawn])
    assert disagreements(drawn, [in_words(row) for row in rows]) == []


def test_older_rule_takes_the_own_scale_only_from_case_level(
    older_model: OutcomesModel,
) -> None:
    drawn = read_drawing(OLDER_RULE)
    rows = older_model.outcomes([Scored.of(row) for row in drawn])
    assert disagreements(drawn, [in_words(row) for row in rows]) == []


def test_only_finished_courses_are_paired(model: OutcomesModel) -> None:
    drawn = read_drawing(UNFINISHED)
    rows = model.outcomes([Scored.of(row) for row in drawn])
    assert [row["is_paired"] for row in rows] == [False, False, False]


def test_basis_of_change_says_where_phq_9_alone_decides(model: OutcomesModel) -> None:
    drawn = read_drawing(COURSES)
    rows = model.outcomes([Scored.of(row) for row in drawn])
    alone = {
        row["#"]
        for row, outcome in zip(drawn, rows, strict=True)
        if outcome["reliable_change_basis"] == "phq_9_only"
    }
    assert alone == {"19", "20"}


def test_the_second_calculation_agrees_with_the_drawing() -> None:
    drawn = read_drawing(COURSES)
    found = [_calculated(Scored.of(row), row["second scale"]) for row in drawn]
    assert disagreements(drawn, found) == []


def _calculated(row: Scored, second_scale: str) -> Drawn:
    """The independent calculation in the words of the drawings."""
    scores = row.own[1] if row.own and row.own[0] == second_scale else row.gad
    name = "Mobility Inventory (alone)" if second_scale == "MI" else second_scale
    (adsm,) = (scale for scale in codes.SCALES if scale.name == name)
    outcome = outcome_of(Course(True, *row.phq, adsm, *scores))
    return in_words(
        {
            "adsm_scale_id": "gad_7",
            "is_at_caseness": _known(outcome, outcome.is_at_caseness),
            "is_not_at_caseness": _known(outcome, outcome.is_not_at_caseness),
            "is_recovered": outcome.is_recovered,
            "is_reliably_improved": outcome.is_improved,
            "is_reliably_deteriorated": outcome.is_deteriorated,
            "has_no_reliable_change": outcome.is_unchanged,
            "is_reliably_recovered": outcome.is_reliably_recovered,
        }
    ) | {"second scale": second_scale}


def _known(outcome: Outcome, flag: bool) -> bool | None:
    tells = outcome.is_at_caseness or outcome.is_not_at_caseness
    return flag if tells else None
