"""Identifiers that were never issued, and distributions as published."""

from collections import Counter
from datetime import date
from itertools import islice

import numpy as np
import pytest

from parity.synthetic import rates
from parity.synthetic.draws import Draws, Weighted
from parity.synthetic.model import Person
from parity.synthetic.months import months_between, years_between
from parity.synthetic.people import Population, check_digit, nhs_number, nhs_numbers
from parity.synthetic.reference import make_country

SEEN = date(2024, 6, 15)


def draws(seed: int = 1) -> Draws:
    return Draws(np.random.SeedSequence(seed))


@pytest.fixture(scope="module")
def people() -> list[Person]:
    population = Population(draws(), make_country(1), date(2025, 3, 31))
    return [population.new_person(0, SEEN) for _ in range(6000)]


@pytest.mark.parametrize(
    ("nine", "expected"),
    [
        ("943476591", "9"),  # the example of the NHS Data Dictionary
        ("999999999", "9"),
        ("999000005", "0"),
        ("999000000", None),  # the remainder asks for 10: not issued
    ],
)
def test_check_digit(nine: str, expected: str | None) -> None:
    assert check_digit(nine) == expected


def test_nhs_numbers_are_unique_and_of_the_range_never_issued() -> None:
    found = list(islice(nhs_numbers(draws()), 5000))
    assert len(set(found)) == len(found)
    for number in found:
        assert number.startswith("999")
        assert len(number) == 10
        assert check_digit(number[:9]) == number[9]


def test_no_nhs_number_is_a_placeholder() -> None:
    """9999999999 passes the check digit and is left out; its neighbour is not."""
    assert nhs_number(999_999) is None
    assert nhs_number(999_998) == "9999999980"


def test_people_are_unlike_in_number(people: list[Person]) -> None:
    numbers = [person.nhs_number for person in people if person.nhs_number]
    assert len(set(numbers)) == len(numbers)
    assert 0.015 < 1 - len(numbers) / len(people) < 0.035


@pytest.mark.parametrize(
    ("attribute", "weights"),
    [
        ("gender", rates.GENDER),
        ("ethnicity", rates.ETHNICITY),
    ],
)
def test_shares_are_as_published(
    people: list[Person], attribute: str, weights: Weighted
) -> None:
    """Within four standard errors."""
    found = Counter(getattr(person, attribute) for person in people)
    for code, share in zip(weights.codes, weights.shares, strict=True):
        error = (share * (1 - share) / len(people)) ** 0.5
        assert abs(found[code] / len(people) - share) < 4 * error + 0.001


def test_deprivation_falls_with_the_decile(people: list[Person]) -> None:
    found = Counter(person.home.decile for person in people)
    assert found["1"] > found["5"] > found["10"]
    assert all(bool(p.home.postcode) == bool(p.home.decile) for p in people)


def test_ages_are_inside_their_bands(people: list[Person]) -> None:
    ages = [years_between(person.birth_date, SEEN) for person in people]
    assert min(ages) == 16
    assert max(ages) <= 97
    assert 0.70 < sum(26 <= age <= 64 for age in ages) / len(ages) < 0.74


def test_age_on_the_day_before_and_on_the_birthday() -> None:
    birth = date(1990, 6, 15)
    assert years_between(birth, date(2024, 6, 14)) == 33
    assert years_between(birth, date(2024, 6, 15)) == 34
    assert years_between(date(2000, 2, 29), date(2023, 2, 28)) == 22
    assert years_between(date(2000, 2, 29), date(2023, 3, 1)) == 23


def test_months_cross_the_year() -> None:
    found = months_between(date(2024, 11, 1), date(2025, 2, 1))
    assert [month.month for month in found] == [11, 12, 1, 2]


def test_weighted_picks_by_position() -> None:
    weights = Weighted({"a": 1, "b": 2, "c": 1})
    assert [weights.at(p) for p in (0.0, 0.24, 0.25, 0.74, 0.75, 0.999)] == list(
        "aabbcc"
    )
