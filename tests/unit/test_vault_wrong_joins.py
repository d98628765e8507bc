"""Who must not be joined, and who must: each case as a provider would send it.

A case lists submissions; each record says by a letter whose it should be taken for. Two
letters for one true person are the price of not joining two people by mistake.
"""

from __future__ import annotations

from datetime import date

import pytest
from linkage_scene import Scene, Succession, groups, new_keys, nhs_number, sent

KEYS = new_keys()
ANN, BOB, CID = (nhs_number(tail) for tail in (1000, 2000, 3000))
APRIL_A, MAY_A = "ZZ3_2025-04_primary", "ZZ3_2025-05_primary"
APRIL_B, MAY_B = "ZZ4_2025-04_primary", "ZZ4_2025-05_primary"
APRIL_C = "ZZ5_2025-04_primary"

Record = tuple[str, dict[str, str]]


def record(whose: str, local: str, number: str = "", **other: str) -> Record:
    """A record, and the letter of the person it should be taken for."""
    row = {
        "LocalPatientId": local,
        "NHSNumber": number,
        "NHSNumberStatus": "01" if number else "07",
        "PersonBirthDate": "1980-06-15",
        "Postcode": "ZZ99 3VZ",
        "Gender": "2",
    }
    return whose, row | other


def born(day: str) -> dict[str, str]:
    return {"PersonBirthDate": day}


UNTRACED = {"NHSNumberStatus": "02"}
CROWD = [
    record(letter, f"P{n}", nhs_number(5000 + 100 * n), **born(f"1980-0{n}-10"))
    for n, letter in enumerate("abc", start=1)
]

WRONG = {
    "twins at one provider, one without a number": {
        APRIL_A: [record("a", "P1", ANN), record("b", "P2")],
    },
    "twins at one provider, the one without a number comes elsewhere too": {
        APRIL_A: [record("a", "P1", ANN), record("b", "P2")],
        APRIL_B: [record("c", "Q1")],
    },
    "twins at two providers, of different gender": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("b", "Q1", Gender="1")],
    },
    "two with numbers share birth date, address and gender": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("b", "Q1", BOB)],
        APRIL_C: [record("c", "R1")],
    },
    "a couple at one address": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("b", "Q1", **born("1982-03-04"))],
    },
    "a hall of residence": {
        APRIL_A: [*CROWD, record("d", "P4", ANN, **born("1980-06-15"))],
        APRIL_B: [record("e", "Q1")],
    },
    "a birthday that nobody knows": {
        APRIL_A: [record("a", "P1", ANN, **born("1980-01-01"))],
        APRIL_B: [record("b", "Q1", **born("1980-01-01"))],
    },
    "a gender that nobody knows": {
        APRIL_A: [record("a", "P1", ANN, Gender="X")],
        APRIL_B: [record("b", "Q1", Gender="X")],
    },
    "no postcode": {
        APRIL_A: [record("a", "P1", ANN, Postcode="")],
        APRIL_B: [record("b", "Q1", Postcode="")],
    },
    "addresses that lead to two people": {
        APRIL_A: [
            record("a", "P1", ANN),
            record("b", "P2", BOB, Postcode="ZZ99 4AA"),
        ],
        APRIL_B: [record("c", "Q1")],
        MAY_B: [record("c", "Q1", Postcode="ZZ99 4AA")],
    },
    "nobody with a number": {
        APRIL_A: [record("a", "P1")],
        APRIL_B: [record("b", "Q1")],
    },
    "a chain of people without numbers": {
        APRIL_A: [record("a", "P1")],
        APRIL_B: [record("b", "Q1")],
        MAY_B: [record("b", "Q1", Postcode="ZZ99 4AA")],
        APRIL_C: [record("c", "R1", Postcode="ZZ99 4AA")],
    },
    "a local identifier given again to somebody else": {
        APRIL_A: [record("a", "P1", ANN)],
        MAY_A: [record("b", "P1", **born("1991-02-03"))],
    },
    "a local identifier seen with two numbers": {
        APRIL_A: [record("a", "P1", ANN)],
        MAY_A: [record("b", "P1", BOB)],
        "ZZ3_2025-06_primary": [record("c", "P1")],
    },
    "one number in the records of two people": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("b", "Q1", ANN, **born("1991-02-03"))],
    },
    "one number in the records of two people at one provider": {
        APRIL_A: [
            record("a", "P1", ANN),
            record("b", "P2", ANN, **born("1991-02-03")),
        ],
    },
    "a number whose birth date two providers agree on, and a third does not": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("a", "Q1", ANN)],
        APRIL_C: [record("c", "R1", ANN, **born("1991-02-03"))],
    },
    "an untraced number with another birth date than the traced one": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("b", "Q1", ANN, **UNTRACED, **born("1991-02-03"))],
        APRIL_C: [record("c", "R1", ANN, **UNTRACED, **born("1991-02-03"))],
    },
    "a number that is not believed does not join the months without it": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("b", "Q1", ANN, **UNTRACED, **born("1991-02-03"))],
        MAY_B: [record("b", "Q1", **born("1991-02-03"))],
    },
    "a number that is not believed, of somebody like a third person": {
        APRIL_A: [record("a", "P1", ANN, **born("1991-02-03"))],
        APRIL_B: [record("b", "Q1", ANN)],
        APRIL_C: [record("c", "R1", BOB)],
    },
    "local identifiers are alike at every provider": {
        APRIL_A: [record("a", "P1", Postcode="")],
        APRIL_B: [record("b", "P1", Postcode="")],
    },
}

RIGHT = {
    "months without the number": {
        APRIL_A: [record("a", "P1")],
        MAY_A: [record("a", "P1", ANN)],
    },
    "two providers, one number, written otherwise": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("a", "Q1", f"{ANN[:3]} {ANN[3:6]} {ANN[6:]}")],
    },
    "registered again under a new local identifier": {
        APRIL_A: [record("a", "P1", ANN)],
        MAY_A: [record("a", "P7", ANN)],
    },
    "a birth date corrected at one provider": {
        APRIL_A: [record("a", "P1", ANN, **born("1980-06-16"))],
        MAY_A: [record("a", "P1", ANN)],
        APRIL_B: [record("a", "Q1", ANN)],
    },
    "an untraced number with the same birth date": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("a", "Q1", ANN, **UNTRACED)],
        MAY_B: [record("a", "Q1")],
    },
    "nobody has traced the number, and all agree": {
        APRIL_A: [record("a", "P1", ANN, NHSNumberStatus="")],
        APRIL_B: [record("a", "Q1", ANN, **UNTRACED)],
    },
    "no number elsewhere, and only one person fits": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("a", "Q1")],
    },
    "moved house": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_B: [record("a", "Q1")],
        MAY_B: [record("a", "Q1", Postcode="ZZ99 4AA")],
    },
    "a wrong number once, the right one else": {
        APRIL_A: [record("a", "P1", ANN)],
        APRIL_C: [record("a", "R1", ANN)],
        APRIL_B: [record("b", "Q1", ANN, **born("1991-02-03"))],
        MAY_B: [record("b", "Q1", BOB, **born("1991-02-03"))],
    },
    "a wrong number in the primary, corrected by the refresh": {
        "ZZ3_2025-03_primary": [record("a", "P1")],
        APRIL_A: [record("b", "P1", BOB)],
        "ZZ3_2025-04_refresh": [record("a", "P1", ANN)],
    },
}


@pytest.mark.attack(16, 17)
@pytest.mark.parametrize("case", [*WRONG, *RIGHT])
def test_each_record_is_taken_for_the_right_person(case: str) -> None:
    """Whichever submission comes first."""
    submissions = (WRONG | RIGHT)[case]
    wanted = {
        (name, place): whose
        for name, records in submissions.items()
        for place, (whose, _) in enumerate(records, start=1)
    }
    for names in (list(submissions), list(submissions)[::-1]):
        scene = Scene(keys=KEYS)
        for name in names:
            scene.send(sent(name, *(row for _, row in submissions[name])))
        assert groups(scene.persons()) == groups(wanted)


JUNE_C = "ZZ5_2025-06_primary"
A_TO_B: Succession = ("ZZ3", "ZZ4", date(2025, 5, 1), True)
B_TO_C: Succession = ("ZZ4", "ZZ5", date(2025, 6, 1), True)
A_TO_C: Succession = ("ZZ3", "ZZ5", date(2025, 6, 1), True)


@pytest.mark.attack(16)
@pytest.mark.parametrize(
    ("successions", "names", "wanted"),
    [
        pytest.param([A_TO_B], [APRIL_A, MAY_B], "aa", id="taken over"),
        pytest.param([A_TO_B], [APRIL_A, APRIL_B], "ab", id="before the day"),
        pytest.param([], [APRIL_A, MAY_B], "ab", id="no succession"),
        pytest.param(
            [(*A_TO_B[:3], False)], [APRIL_A, MAY_B], "ab", id="other identifiers"
        ),
        pytest.param(
            [A_TO_B, B_TO_C], [APRIL_A, MAY_B, JUNE_C], "aaa", id="twice in turn"
        ),
        pytest.param(
            [A_TO_B, B_TO_C], [APRIL_A, JUNE_C], "aa", id="twice, not seen between"
        ),
        pytest.param(
            [A_TO_C, B_TO_C], [APRIL_A, APRIL_B, JUNE_C], "abc", id="two became one"
        ),
        pytest.param([A_TO_C, B_TO_C], [APRIL_A, JUNE_C], "aa", id="one of the two"),
    ],
)
def test_a_local_identity_goes_on_where_one_provider_took_over(
    successions: list[Succession], names: list[str], wanted: str
) -> None:
    """Nobody here has a number; the refresh of a predecessor may come last."""
    for order in (names, names[::-1]):
        scene = Scene(successions, KEYS)
        for name in order:
            scene.send(sent(name, record("?", "P1")[1]))
        persons = {name: person for (name, _), person in scene.persons().items()}
        found = [persons[name] for name in names]
        assert [found.index(each) for each in found] == [
            wanted.index(letter) for letter in wanted
        ]


def test_successions_that_were_turned_round_end_and_join_nothing() -> None:
    """Reference data of two times can make a circle that neither has."""
    scene = Scene([A_TO_B], KEYS)
    scene.send(sent(MAY_B, record("?", "P1")[1]))
    scene.set_successions([("ZZ4", "ZZ3", date(2025, 5, 1), True)])
    scene.send(sent(MAY_A, record("?", "P1")[1]))
    assert len(set(scene.persons().values())) == 2


def test_nobody_lives_at_the_pseudo_postcodes_of_a_live_home() -> None:
    """No fixed abode, abroad, unknown: thousands share it. Real numbers, here."""
    for place, joined in (("ZZ99 3VZ", False), ("LS1 4AP", True)):
        scene = Scene(keys=KEYS, home_kind="live")
        _, numbered = record("a", "P1", "9434765919", Postcode=place)
        _, bare = record("a", "Q1", Postcode=place)
        scene.send(sent(APRIL_A, numbered))
        scene.send(sent(APRIL_B, bare))
        assert (len(set(scene.persons().values())) == 1) is joined


@pytest.mark.attack(17, 18)
@pytest.mark.parametrize("number", ["", " ", "9999999999", "0000000000", "9990000019"])
def test_a_thousand_without_a_number_are_a_thousand_people(number: str) -> None:
    """Blank, placeholder or wrong: no shared person, also not by address."""
    rows = [record("?", f"P{n}", number, Gender="X")[1] for n in range(1000)]
    scene = Scene(keys=KEYS)
    scene.send(sent(APRIL_A, *rows))
    assert len(set(scene.persons().values())) == 1000
