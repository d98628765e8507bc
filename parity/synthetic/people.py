"""People who do not exist, and their registrations with providers.

What belongs here: who somebody is, before any care. No name is ever made. NHS numbers
are of the range beginning 999, which is never issued, with a right check digit and
each given to one person. Birth dates are drawn from the age distribution alone.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from parity.synthetic import rates
from parity.synthetic.draws import Draws
from parity.synthetic.model import Home, Person, Registration
from parity.synthetic.months import ONE_DAY, next_month
from parity.synthetic.reference import Country

_WEIGHTS = range(10, 1, -1)  # of the first nine digits, modulus 11


def check_digit(nine: str) -> str | None:
    """Check digit of nine digits, None where the number may not be issued."""
    total = sum(
        int(digit) * weight for digit, weight in zip(nine, _WEIGHTS, strict=True)
    )
    digit = 11 - total % 11
    if digit == 10:
        return None
    return str(digit % 11)


def nhs_number(tail: int) -> str | None:
    """NHS number of the 999 range with these last six digits, None where none may be.

    A number of one repeated digit is a placeholder in real files and is left out.
    """
    nine = f"999{tail:06d}"
    digit = check_digit(nine)
    if digit is None or set(nine + digit) == {"9"}:
        return None
    return nine + digit


def nhs_numbers(draws: Draws) -> Iterator[str]:
    """All NHS numbers of the 999 range in random order, each once."""
    tails = draws.generator.permutation(1_000_000).tolist()
    return (number for tail in tails if (number := nhs_number(tail)) is not None)


class Population:
    """Makes people and remembers them, one number after the other."""

    def __init__(self, draws: Draws, country: Country, last_day: date) -> None:
        self._draws = draws
        self._country = country
        self._last_day = last_day
        self._numbers = nhs_numbers(draws)
        self._people = 0
        self._registered = dict.fromkeys(country.providers, 0)

    def new_person(self, provider: int, seen: date) -> Person:
        """A person of the provider's area, or now and then of the next one."""
        draws = self._draws
        self._people += 1
        area = provider + draws.chance(rates.NEIGHBOURING_AREA)
        gender = draws.pick(rates.GENDER)
        birth = self._birth_date(seen)
        has_number = not draws.chance(rates.NO_NHS_NUMBER)
        home = self._home(area)
        moves = draws.chance(rates.MOVES_HOME) and bool(home.postcode)
        return Person(
            number=self._people,
            nhs_number=next(self._numbers) if has_number else "",
            birth_date=birth,
            gender=gender,
            gender_identity=draws.pick(rates.GENDER_IDENTITY[gender]),
            same_at_birth=draws.pick(rates.SAME_AT_BIRTH),
            ethnicity=draws.pick(rates.ETHNICITY),
            area=area,
            home=home,
            moves_on=draws.day_between(seen, self._last_day) if moves else None,
            second_home=self._home(area) if moves else home,
            details=self._details(birth, seen),
            disabilities=self._disabilities(),
            circumstances=self._circumstances(gender),
            accommodation=self._accommodation(),
            previous_diagnosis=draws.pick(rates.PREVIOUS_DIAGNOSIS),
            overseas=draws.pick(rates.OVERSEAS),
            care_cluster=draws.pick(rates.CARE_CLUSTER),
        )

    def register(self, provider: str, person: Person, received: date) -> Registration:
        """Put a person on the books of a provider."""
        draws = self._draws
        self._registered[provider] += 1
        changes = draws.chance(rates.CHANGES_PRACTICE)
        practices = self._country.practices[person.area]
        default = draws.pick(rates.NO_PRACTICE)
        since = received - timedelta(days=draws.whole(30, 9000))
        return Registration(
            provider=provider,
            local_id=f"P{1000 + self._registered[provider]}",
            person=person,
            known_since=received,
            number_from=received.replace(day=1) if person.nhs_number else None,
            no_number_status=draws.pick(rates.NO_NUMBER_STATUS),
            practice=default or draws.one_of(practices[:-1]),
            practice_since=max(person.birth_date, since),
            practice_until=(
                draws.day_between(received, self._last_day)
                if changes and not default
                else None
            ),
            next_practice=practices[-1],
        )

    def register_new(self, provider: int, received: date) -> Registration:
        """A new person at a provider; for a few the NHS number comes later."""
        person = self.new_person(provider, received)
        code = self._country.providers[provider]
        registration = self.register(code, person, received)
        late = self._draws.chance(rates.LATE_NHS_NUMBER)
        if late and registration.number_from is not None:
            registration.number_from = next_month(received)
        return registration

    def _birth_date(self, seen: date) -> date:
        low, high = self._draws.pick(rates.AGE_BANDS).split("-")
        age = self._draws.whole(int(low), int(high))
        # The 28th exists in every month; a birth up to 364 days before keeps the age.
        birthday = seen.replace(year=seen.year - age, day=min(seen.day, 28))
        return birthday - self._draws.whole(0, 364) * ONE_DAY

    def _home(self, area: int) -> Home:
        decile = self._draws.pick(rates.DECILE)
        if not decile:
            return Home("", "")
        place = self._draws.one_of(self._country.places[area, decile])
        return Home(place.postcode, decile)

    def _details(self, birth: date, seen: date) -> dict[str, str]:
        is_young = seen.year - birth.year <= 25
        education = rates.EDUCATION_YOUNG if is_young else rates.EDUCATION
        return {
            "ExBAFIndicator": self._draws.pick(rates.EX_FORCES),
            "LanguageCodePreferred": self._draws.pick(rates.LANGUAGE),
            "EduEstabTypeIAPT": self._draws.pick(education),
        }

    def _disabilities(self) -> list[str]:
        first = self._draws.pick(rates.DISABILITY)
        if first in ("", "NN", "ZZ"):
            return [first] if first else []
        other = "05" if first != "05" else "04"
        return (
            [first, other] if self._draws.chance(rates.SECOND_DISABILITY) else [first]
        )

    def _circumstances(self, gender: str) -> list[str]:
        found = [self._draws.pick(rates.RELIGION), self._draws.pick(rates.ORIENTATION)]
        if gender == "2" and self._draws.chance(rates.PERINATAL):
            found.append("77386006")  # pregnant
        return sorted(concept for concept in found if concept)

    def _accommodation(self) -> tuple[str, str] | None:
        kind = self._draws.pick(rates.ACCOMMODATION)
        return (kind, self._draws.pick(rates.SETTLED)) if kind else None
