"""Which rows are one person's, by the written rule, one row after the other.

What belongs here: the linkage steps as docs/explanation/pseudonyms_and_keys.md has
them. Where a step leaves two answers, nothing is joined.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .people import Person, has_birth_date, local_person, national_person, postcode
from .submissions import Row, Shelf, Submission, code

# Predecessor, successor and the day from which the successor has its identifiers.
Succession = tuple[str, str, str]
Patient = tuple[str, str]

_VERIFIED = "01"
_LARGEST_HOUSEHOLD = 3


class Joining:
    """Who every row of a set of submissions is."""

    def __init__(
        self, shelf: Shelf, successions: list[Succession] | None = None
    ) -> None:
        self._shelf = shelf
        self._successions = successions or []
        self._current = [
            (submission, row)
            for submission, row in self._rows()
            if shelf.in_force("final", submission.provider, submission.period_start)
            is submission
        ]
        self._read_numbers()
        self._read_successions()
        self._numbers: dict[Person, set[Person]] = defaultdict(set)
        self._doubted: set[Person] = set()
        for submission, row in self._current:
            person = self._believed(submission, row)
            if has_birth_date(row):
                origin = self._origin(local_person(submission.provider, row))
                self._numbers[origin] |= {person} if person else set()
                if not person and code(row, "NHSNumber"):
                    self._doubted.add(origin)
        self._read_three()

    def person(self, submission: Submission, row: Row) -> Person:
        """The joined person of a row."""
        number = national_person(submission.provider, row)
        local = local_person(submission.provider, row)
        if self._believed(submission, row):
            return number
        if not has_birth_date(row):
            return local
        origin = self._origin(local)
        found = self._of_origin(origin)
        if number[0] == "nhs" and found[0] == "local" and not self._is_known(origin):
            return ("patient", *patient_of(submission, row))
        return found

    def _rows(self) -> Iterator[tuple[Submission, Row]]:
        for submission in self._shelf.all:
            for row in submission.tables["IDS001MPI"]:
                yield submission, row

    def _read_numbers(self) -> None:
        """Which birth dates each number has, of the patients that show it."""
        self._shown: dict[Person, dict[Patient, set[str]]] = defaultdict(dict)
        verified: dict[Person, set[Patient]] = defaultdict(set)
        for submission, row in self._current:
            number = national_person(submission.provider, row)
            if number[0] == "nhs" and has_birth_date(row):
                patient = patient_of(submission, row)
                dates = self._shown[number].setdefault(patient, set())
                dates.add(code(row, "PersonBirthDate"))
                if code(row, "NHSNumberStatus") == _VERIFIED:
                    verified[number].add(patient)
        self._agreed: dict[Person, set[str]] = {}
        for number, patients in self._shown.items():
            asked = verified[number] or set(patients)
            at: dict[str, list[set[str]]] = defaultdict(list)
            for patient in asked:
                at[patient[0]].append(patients[patient])
            votes = [date for shown in at.values() for date in _of_most(shown)]
            self._agreed[number] = {d for d in votes if 2 * votes.count(d) > len(at)}

    def _believed(self, submission: Submission, row: Row) -> Person | None:
        """The number of a row, where it is the person's."""
        number = national_person(submission.provider, row)
        if number[0] != "nhs":
            return None
        shown = self._shown.get(number)
        if shown is None or not has_birth_date(row):
            return number
        dates = {code(row, "PersonBirthDate")}
        dates |= shown.get(patient_of(submission, row), set())
        return number if dates & self._agreed[number] else None

    def _read_successions(self) -> None:
        """The local identities that each goes on from, at providers taken over."""
        seen = {
            local_person(submission.provider, row)
            for submission, row in self._current
            if has_birth_date(row)
        }
        self._before: dict[Person, set[Person]] = defaultdict(set)
        for submission, row in self._current:
            own = local_person(submission.provider, row)
            for former in self._formers(submission):
                same = (own[0], former, *own[2:])
                if own in seen and same in seen:
                    self._before[own].add(same)

    def _formers(self, submission: Submission) -> set[str]:
        day = submission.period_end.isoformat()
        found: set[str] = set()
        wanted = [submission.provider]
        while wanted:
            provider = wanted.pop()
            new = {
                a for a, b, since in self._successions if b == provider and since <= day
            }
            wanted += new - found
            found |= new
        return found

    def _origin(self, local: Person) -> Person:
        """The first local identity that this one goes on from, where that is one."""
        reached, wanted = set(), [local]
        while wanted:
            for before in self._before.get(wanted.pop(), ()):
                if before not in reached:
                    reached.add(before)
                    wanted.append(before)
        first = {person for person in reached if not self._before.get(person)}
        return first.pop() if len(first) == 1 else local

    def _of_number(self, origin: Person) -> Person | None:
        numbers = self._numbers[origin]
        return next(iter(numbers)) if len(numbers) == 1 else None

    def _named(self, submission: Submission, row: Row) -> Person:
        """A row's person by number and local identifier alone."""
        local = local_person(submission.provider, row)
        if not has_birth_date(row):
            return self._believed(submission, row) or local
        origin = self._origin(local)
        return self._believed(submission, row) or self._of_number(origin) or origin

    def _read_three(self) -> None:
        """Who shares birth date, postcode and gender, and how crowded a place is."""
        self._sharing: dict[Person, set[tuple[str, Person]]] = defaultdict(set)
        self._lived: dict[Person, set[Person]] = defaultdict(set)
        self._cohorts: dict[Person, set[Person]] = defaultdict(set)
        for submission, row in self._current:
            born, place = code(row, "PersonBirthDate"), postcode(code(row, "Postcode"))
            if not place or not has_birth_date(row):
                continue
            person = self._named(submission, row)
            self._cohorts[place, born[:4]].add(person)
            gender = code(row, "Gender")
            if gender in {"1", "2", "9"} and not born.endswith("-01-01"):
                three = (born, place, gender)
                self._sharing[three].add((submission.provider, person))
                self._lived[person].add(three)

    def _of_origin(self, origin: Person) -> Person:
        numbered = self._of_number(origin)
        if numbered:
            return numbered
        if self._numbers[origin] or origin in self._doubted:
            return origin
        candidates = set()
        for three in self._lived[origin]:
            if self._is_unclear(three):
                return origin
            candidates |= {p for _, p in self._sharing[three] if p[0] == "nhs"}
        return candidates.pop() if len(candidates) == 1 else origin

    def _is_unclear(self, three: Person) -> bool:
        """Two persons at one provider, or a place with many of one year of birth."""
        sharing = self._sharing[three]
        twins = len(sharing) > len({provider for provider, _ in sharing})
        return twins or len(self._cohorts[three[1], three[0][:4]]) > _LARGEST_HOUSEHOLD

    def _is_known(self, origin: Person) -> bool:
        """Whether anybody was ever named by a local identity that goes on from it."""
        return any(
            self._origin(national_person(submission.provider, row)) == origin
            for submission, row in self._rows()
            if national_person(submission.provider, row)[0] == "local"
        )


def _of_most(shown: list[set[str]]) -> set[str]:
    """What stands in more than half of these sets."""
    return {
        each
        for each in set().union(*shown)
        if 2 * sum(each in one for one in shown) > len(shown)
    }


def patient_of(submission: Submission, row: Row) -> Patient:
    """Provider and local identifier."""
    return submission.provider, row["LocalPatientId"]
