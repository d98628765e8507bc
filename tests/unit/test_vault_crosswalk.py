"""The rule that joins, held against a second calculation of it on any records at all.

What is drawn is small and crowded on purpose: few numbers, local identifiers, birth
dates and addresses, so that every guard is met.
"""

from __future__ import annotations

import os
from datetime import date

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from independent.joining import Joining
from independent.submissions import Shelf, Submission
from linkage_scene import Scene, Sent, Succession, groups, new_keys, nhs_number

from parity.intake.slot import Slot

# Each example is two vaults filled and read: more only when asked, and none to shrink.
EXAMPLES = 800 if os.environ.get("PARITY_SOAK") else 40
KEYS = new_keys()
NUMBERS = [nhs_number(tail) for tail in (10, 20, 30)]
NAMES = [
    f"{provider}_2025-{month}_{kind}"
    for provider in ("ZZ1", "ZZ2", "ZZ3")
    for month in ("04", "05")
    for kind in ("primary", "refresh")
]
SUCCESSIONS: list[Succession] = [
    ("ZZ1", "ZZ2", date(2025, 5, 1), True),
    ("ZZ2", "ZZ3", date(2025, 5, 1), True),
    ("ZZ1", "ZZ3", date(2025, 5, 31), True),
    ("ZZ1", "ZZ3", date(2025, 6, 1), True),
]

people = st.fixed_dictionaries(
    {
        "LocalPatientId": st.sampled_from(["P1", "P2", "P3"]),
        "NHSNumber": st.sampled_from(["", "", *NUMBERS]),
        "NHSNumberStatus": st.sampled_from(["01", "01", "02", ""]),
        "PersonBirthDate": st.sampled_from(
            ["1980-06-15", "1980-06-15", "1980-07-01", "1980-01-01", "1900-01-01", ""]
        ),
        "Postcode": st.sampled_from(["ZZ99 3VZ", "zz993vz", "ZZ99 4AA", ""]),
        "Gender": st.sampled_from(["1", "1", "2", "X", ""]),
    }
)
submissions = st.lists(
    people, min_size=1, max_size=3, unique_by=lambda row: row["LocalPatientId"]
)
shelves = st.dictionaries(st.sampled_from(NAMES), submissions, min_size=1, max_size=7)


def calculated(
    sent: dict[str, list[dict[str, str]]], successions: list[Succession]
) -> dict[tuple[str, int], object]:
    """The person of each record, by the second calculation."""
    read = {}
    for name, rows in sent.items():
        slot = Slot.from_name(name)
        read[name] = Submission(
            slot.provider_code,
            slot.kind,
            slot.period_start,
            slot.period_end,
            {"IDS001MPI": rows},
        )
    kept = [(a, b, day.isoformat()) for a, b, day, goes_on in successions if goes_on]
    joining = Joining(Shelf(read.values()), kept)
    return {
        (name, place): joining.person(submission, row)
        for name, submission in read.items()
        for place, row in enumerate(sent[name], start=1)
    }


@pytest.mark.attack(16, 17, 18)
@settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate])
@given(
    sent=shelves,
    successions=st.lists(st.sampled_from(SUCCESSIONS), unique=True, max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_same_people_as_the_second_calculation_in_any_order(
    sent: dict[str, list[dict[str, str]]], successions: list[Succession], order: object
) -> None:
    """Two orders of arrival and two sets of keys join the same records."""
    scenes = []
    for keys in (KEYS, new_keys()):
        scene = Scene(successions, keys)
        names = list(sent)
        order.shuffle(names)  # type: ignore[attr-defined]
        for name in names:
            scene.send(Sent(name, sent[name]))
        scenes.append(groups(scene.persons()))
    assert scenes[0] == scenes[1] == groups(calculated(sent, successions))


def one(local: str, birth_date: str) -> dict[str, str]:
    """A record with the first number."""
    return {
        "LocalPatientId": local,
        "NHSNumber": NUMBERS[0],
        "NHSNumberStatus": "01",
        "PersonBirthDate": birth_date,
    }


@pytest.mark.attack(18)
def test_a_provider_that_makes_people_up_outvotes_nobody() -> None:
    """Three patients of one provider with somebody's number and another birth date.

    Alone against one provider they only part; against two they change nothing.
    """
    scene = Scene()
    true, false = "1980-06-15", "1990-01-20"
    scene.send(Sent("ZZ1_2025-04_primary", [one("P1", true)]))
    scene.send(
        Sent("ZZ2_2025-04_primary", [one(f"P{n}", false) for n in range(3)]),
    )
    steps = {(r["name"][:3], r["step"]) for r in scene.records().to_dicts()}
    assert steps == {("ZZ1", "apart"), ("ZZ2", "apart")}
    scene.send(Sent("ZZ3_2025-04_primary", [one("P9", true)]))
    steps = {(r["name"][:3], r["step"]) for r in scene.records().to_dicts()}
    assert steps == {("ZZ1", "nhs_number"), ("ZZ2", "apart"), ("ZZ3", "nhs_number")}
    persons = scene.persons()
    number = persons["ZZ1_2025-04_primary", 1]
    assert persons["ZZ3_2025-04_primary", 1] == number
    assert list(persons.values()).count(number) == 2
