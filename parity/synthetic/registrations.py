"""People alone, month after month, with what goes wrong with their identifiers.

What belongs here: the material on which linkage is measured. Each record is a row of
IDS001MPI and the true person is known. Twins, households and halls of residence, people
who move and people who come to two providers are as common as `rates` says; so are
numbers that are missing, mistyped, untraced or somebody else's. No care is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from parity.synthetic import rates
from parity.synthetic.draws import Draws, Weighted
from parity.synthetic.files import Row, write_rows
from parity.synthetic.months import months_between
from parity.synthetic.people import nhs_numbers
from parity.synthetic.submissions import folder_name

_LETTERS = "ABDEFGHJLNPQRSTUWXY"
_STUDENTS = Weighted({"18": 1, "19": 1, "20": 1, "21": 1})
_STAY = Weighted({"1": 2, "2": 3, "3": 4, "4": 4, "5": 3, "6": 2, "8": 1})
"""Months that a registration is sent."""


@dataclass(frozen=True)
class PeopleSent:
    """One submission's rows of IDS001MPI, and the true person of each, by number."""

    name: str
    rows: list[Row] = field(repr=False)
    persons: list[int] = field(repr=False)


@dataclass(frozen=True)
class _Person:
    number: int
    nhs_number: str
    birth_date: date
    gender: str
    postcode: str
    next_postcode: str
    moves_in: int
    twin: _Person | None = field(default=None, repr=False)


@dataclass
class _Registration:
    """A person on a provider's books; months are counted from 0."""

    person: _Person
    provider: str
    local_id: str
    first: int
    last: int
    nhs_number: str
    number_from: int
    status: str
    birth_dates: tuple[str, str]
    corrected_in: int
    is_postcode_wrong: bool
    gender: str


def registrations(
    people: int,
    providers: Sequence[str],
    first: date = date(2024, 4, 1),
    last: date = date(2025, 3, 1),
    seed: int = 7,
) -> list[PeopleSent]:
    """Primary submissions of every provider and month; same arguments, same rows."""
    months = months_between(first, last)
    draws = Draws(np.random.SeedSequence(seed))
    population = _Population(draws, people, len(months))
    clerk = _Clerk(draws, providers, population.everybody, len(months))
    found = [each for person in population.everybody for each in clerk.books(person)]
    return list(_sent(found, providers, months, draws))


def write_people(folder: Path, sent: Iterable[PeopleSent]) -> None:
    """Write people.csv: the true person of each row of IDS001MPI."""
    lines = (
        (each.name, str(place), str(person))
        for each in sent
        for place, person in enumerate(each.persons, start=1)
    )
    write_rows(folder / "people.csv", ("submission", "row_number", "person"), lines)


class _Population:
    """Who there is, with twins and neighbours."""

    def __init__(self, draws: Draws, people: int, months: int) -> None:
        self._draws = draws
        self._months = months
        self._numbers = nhs_numbers(draws)
        self._postcodes = max(1, round(people / rates.PEOPLE_OF_A_POSTCODE))
        # Of the residents of a hall one in ten comes, so thirty of the three hundred.
        self._halls = round(people * rates.HALL_OF_RESIDENCE / 30)
        self.everybody: list[_Person] = []
        while len(self.everybody) < people:
            person = self._person()
            self.everybody.append(person)
            if draws.chance(rates.TWIN * rates.TWIN_COMES_TOO / 2):
                self.everybody.append(self._twin(person))

    def _person(self) -> _Person:
        draws = self._draws
        has_number = not draws.chance(rates.NO_NHS_NUMBER)
        is_student = draws.chance(rates.HALL_OF_RESIDENCE)
        low, high = draws.pick(rates.AGE_BANDS).split("-")
        age = draws.whole(int(low), int(high))
        if is_student:
            age = int(draws.pick(_STUDENTS))
        born = date(2024 - age, 1, 1) + timedelta(days=draws.whole(0, 364))
        unknown = (
            rates.BIRTHDAY_UNKNOWN if has_number else rates.BIRTHDAY_UNKNOWN_NO_NUMBER
        )
        moves = draws.chance(rates.MOVES_IN_A_YEAR * self._months / 12)
        return _Person(
            number=len(self.everybody) + 1,
            nhs_number=next(self._numbers) if has_number else "",
            birth_date=date(born.year, 1, 1) if draws.chance(unknown) else born,
            gender=draws.pick(rates.GENDER),
            postcode=self._hall() if is_student else self._address(),
            next_postcode=self._address(),
            moves_in=draws.whole(0, self._months) if moves else self._months,
        )

    def _twin(self, person: _Person) -> _Person:
        draws = self._draws
        is_other = draws.chance(rates.TWIN_OF_OTHER_GENDER)
        other = {"1": "2", "2": "1"}.get(person.gender, person.gender)
        return replace(
            self._person(),
            birth_date=person.birth_date,
            gender=other if is_other else person.gender,
            postcode=(
                person.postcode if draws.chance(rates.TWIN_AT_HOME) else self._address()
            ),
            twin=person,
        )

    def _address(self) -> str:
        return _postcode(self._draws.whole(0, self._postcodes - 1))

    def _hall(self) -> str:
        return _postcode(self._postcodes + self._draws.whole(0, self._halls))


def _postcode(place: int) -> str:
    """A postcode of the unused area ZZ, by its place in the list of all."""
    district, unit = divmod(place, 10 * len(_LETTERS) ** 2)
    sector, letters = divmod(unit, len(_LETTERS) ** 2)
    one, two = divmod(letters, len(_LETTERS))
    return f"ZZ{99 - district} {sector}{_LETTERS[one]}{_LETTERS[two]}"


class _Clerk:
    """Puts people on the books, and makes mistakes."""

    def __init__(
        self,
        draws: Draws,
        providers: Sequence[str],
        everybody: Sequence[_Person],
        months: int,
    ) -> None:
        self._draws = draws
        self._providers = providers
        self._everybody = everybody
        self._months = months
        self._numbers = nhs_numbers(draws)
        self._given = dict.fromkeys(providers, 0)
        self._ended: dict[str, list[tuple[int, str]]] = {p: [] for p in providers}

    def books(self, person: _Person) -> Iterator[_Registration]:
        """The registrations of one person."""
        draws = self._draws
        provider = draws.one_of(self._providers)
        start = draws.whole(0, self._months - 1)
        registration = self._registration(person, provider, start)
        yield registration
        if draws.chance(rates.SECOND_PROVIDER):
            others = [p for p in self._providers if p != provider]
            later = draws.whole(0, self._months - 1)
            yield self._registration(person, draws.one_of(others), later)
        if draws.chance(rates.REGISTERED_AGAIN) and registration.last < self._months:
            yield self._registration(person, provider, registration.last)

    def _registration(
        self, person: _Person, provider: str, first: int
    ) -> _Registration:
        draws = self._draws
        last = min(self._months, first + int(draws.pick(_STAY)))
        born = person.birth_date.isoformat()
        is_wrong = draws.chance(rates.BIRTH_DATE_TYPED_WRONG)
        is_late = draws.chance(rates.NUMBER_COMES_LATE)
        number = self._number(person)
        untraced = draws.chance(rates.NUMBER_UNTRACED)
        is_other = draws.chance(rates.GENDER_RECORDED_OTHERWISE)
        return _Registration(
            person=person,
            provider=provider,
            local_id=self._local_id(provider, first, last),
            first=first,
            last=last,
            nhs_number=number,
            number_from=first + 1 if is_late else first,
            status="02" if untraced else "01",
            birth_dates=(self._mistyped_date(born) if is_wrong else born, born),
            corrected_in=draws.whole(first + 1, last + 3),
            is_postcode_wrong=draws.chance(rates.POSTCODE_TYPED_WRONG),
            gender=draws.pick(rates.GENDER) if is_other else person.gender,
        )

    def _local_id(self, provider: str, first: int, last: int) -> str:
        ended = [local for until, local in self._ended[provider] if until <= first]
        if ended and self._draws.chance(rates.IDENTIFIER_USED_AGAIN):
            return self._draws.one_of(ended)
        self._given[provider] += 1
        local = f"P{self._given[provider]:06d}"
        if len(self._ended[provider]) < 1000:
            self._ended[provider].append((last, local))
        return local

    def _number(self, person: _Person) -> str:
        draws = self._draws
        if person.twin and draws.chance(rates.NUMBER_OF_THE_TWIN):
            return person.twin.nhs_number
        if draws.chance(rates.NUMBER_OF_SOMEBODY_ELSE):
            return draws.one_of(self._everybody).nhs_number
        if draws.chance(rates.NUMBER_OF_NOBODY_HERE):
            return next(self._numbers)
        return person.nhs_number

    def _mistyped_date(self, born: str) -> str:
        """Day and month changed places, or one part off by one or ten."""
        day = date.fromisoformat(born)
        slip = self._draws.whole(0, 3)
        if slip == 0 and day.day <= 12:
            return day.replace(month=day.day, day=min(day.month, 28)).isoformat()
        if slip == 1:
            return day.replace(year=day.year - 10, day=min(day.day, 28)).isoformat()
        if slip == 2:
            return day.replace(year=day.year + 1, day=min(day.day, 28)).isoformat()
        return (day + timedelta(days=1)).isoformat()


def _sent(
    registrations: Sequence[_Registration],
    providers: Sequence[str],
    months: Sequence[date],
    draws: Draws,
) -> Iterator[PeopleSent]:
    by_slot: dict[tuple[str, int], dict[str, _Registration]] = {}
    for registration in registrations:
        for place in range(registration.first, registration.last):
            books = by_slot.setdefault((registration.provider, place), {})
            books[registration.local_id] = registration
    for provider in providers:
        for place, month in enumerate(months):
            sent = list(by_slot.get((provider, place), {}).values())
            yield PeopleSent(
                folder_name(provider, month, "primary"),
                [_row(each, place, draws) for each in sent],
                [each.person.number for each in sent],
            )


def _row(registration: _Registration, month: int, draws: Draws) -> Row:
    person = registration.person
    number = registration.nhs_number if month >= registration.number_from else ""
    if draws.chance(rates.NUMBER_LEFT_OUT):
        number = ""
    elif draws.chance(rates.NUMBER_TYPED_WRONG):
        number = _mistyped_number(number, draws)
    postcode = person.postcode if month < person.moves_in else person.next_postcode
    if registration.is_postcode_wrong:
        postcode = postcode[:-1] + ("B" if postcode.endswith("A") else "A")
    before, after = registration.birth_dates
    return {
        "LocalPatientId": registration.local_id,
        "NHSNumber": number,
        "NHSNumberStatus": registration.status if number else "07",
        "PersonBirthDate": before if month < registration.corrected_in else after,
        "Postcode": postcode,
        "Gender": registration.gender,
    }


def _mistyped_number(number: str, draws: Draws) -> str:
    """One digit wrong, or two neighbours changed places."""
    if not number:
        return number
    place = draws.whole(1, 8)
    if draws.chance(0.5) and number[place] != number[place + 1]:
        return number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    other = str((int(number[place]) + draws.whole(1, 9)) % 10)
    return number[:place] + other + number[place + 1 :]
