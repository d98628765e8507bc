"""Who a row is about: the person as known nationally, and the joined person.

What belongs here: linkage by NHS number and local identifier, and a person's
characteristics as a submission states them.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from . import codes
from .submissions import Row, Shelf, Submission, code, day

# ("nhs", number) or ("local", provider, local identifier, birth date).
Person = tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """The reference data of a home: sub-ICB codes and deprivation of live postcodes."""

    sub_icbs: frozenset[str]
    deciles: dict[str, int]


NO_REFERENCE = Reference(frozenset(), {})


def read_reference(folder: Path) -> Reference:
    """Read organisations.csv and postcodes.csv."""
    with (folder / "organisations.csv").open(newline="", encoding="utf-8") as file:
        organisations = list(csv.DictReader(file))
    with (folder / "postcodes.csv").open(newline="", encoding="utf-8") as file:
        postcodes = list(csv.DictReader(file))
    return Reference(
        frozenset(
            code(row, "organisation_code")
            for row in organisations
            if code(row, "organisation_type") == "sub_icb"
        ),
        {
            _postcode(row["postcode"]): int(row["deprivation_decile"])
            for row in postcodes
            if _is_yes(row["is_live"]) and row["deprivation_decile"]
        },
    )


def _is_yes(text: str) -> bool:
    return text.strip().lower() in {"true", "1", "y", "yes"}


def _postcode(text: str) -> str:
    return "".join(text.upper().split())


def national_person(provider: str, row: Row) -> Person:
    """The NHS number where the row has one, else its local identity."""
    nhs_number = "".join(code(row, "NHSNumber").split())
    if nhs_number:
        return ("nhs", nhs_number)
    return local_person(provider, row)


def local_person(provider: str, row: Row) -> Person:
    """Provider, local identifier and birth date."""
    return ("local", provider, row["LocalPatientId"], code(row, "PersonBirthDate"))


def joined_persons(shelf: Shelf) -> dict[Person, Person]:
    """The person that each local identity joins, where it joins another.

    Seen with exactly one NHS number in all submissions, it joins that one; seen with
    two, nothing says which is right, and it joins none. Seen with none, it joins whom
    birth date, postcode and gender leave as the only candidate.
    """
    seen: dict[Person, set[Person]] = defaultdict(set)
    for provider, row in _rows(shelf):
        person = national_person(provider, row)
        seen[local_person(provider, row)] |= {person} if person[0] == "nhs" else set()
    links = {local: next(iter(p)) for local, p in seen.items() if len(p) == 1}
    return links | _fitting(shelf, links, {p for p, n in seen.items() if not n})


def _fitting(
    shelf: Shelf, links: dict[Person, Person], unnumbered: set[Person]
) -> dict[Person, Person]:
    """Whom each unnumbered person is by birth date, postcode and gender alone.

    Nobody, where two persons at one provider or two with numbers share the three, or
    where two of a person's own addresses lead to different people.
    """
    sharing: dict[Person, set[tuple[str, Person]]] = defaultdict(set)
    lived: dict[Person, set[Person]] = defaultdict(set)
    for provider, row in _rows(shelf):
        three = (
            code(row, "PersonBirthDate"),
            _postcode(row["Postcode"] or ""),
            code(row, "Gender"),
        )
        person = joined(national_person(provider, row), links)
        if all(three):
            sharing[three].add((provider, person))
            lived[person].add(three)
    found = {}
    for person in unnumbered:
        leads = {_only(sharing[three]) for three in lived[person]}
        if len(leads) == 1 and (target := leads.pop()) not in (None, person):
            found[person] = target
    return {person: target for person, target in found.items() if target is not None}


def _only(sharing: set[tuple[str, Person]]) -> Person | None:
    """The one person that records with the same three can be; None where unclear."""
    persons = {person for _, person in sharing}
    numbered = {person for person in persons if person[0] == "nhs"}
    if len(numbered) > 1 or len(sharing) > len({provider for provider, _ in sharing}):
        return None
    return min(numbered or persons)


def _rows(shelf: Shelf) -> Iterator[tuple[str, Row]]:
    for submission in shelf.all:
        for row in submission.tables["IDS001MPI"]:
            yield submission.provider, row


def joined(person: Person, links: dict[Person, Person]) -> Person:
    """The joined person of a national one."""
    return person if person[0] == "nhs" else links.get(person, person)


@dataclass(frozen=True)
class Described:
    """A person and the groups (by characteristic) that the person's own row decides."""

    person: Person
    groups: dict[str, str]


def describe(submission: Submission, row: Row, reference: Reference) -> Described:
    """The equality groups of a person at the end of the reporting period."""
    category = _ethnic_category(code(row, "EthnicCategory"))
    groups = {
        "ethnic_category": category,
        "ethnic_group": _ethnic_group(category),
        "age_band": _age_band(day(row, "PersonBirthDate"), submission.period_end),
        "gender": codes.GENDERS.get(code(row, "Gender"), codes.NOT_STATED),
        "deprivation_decile": _decile(code(row, "Postcode"), reference),
    }
    return Described(national_person(submission.provider, row), groups)


def _ethnic_category(sent: str) -> str:
    letter = sent.upper()
    if len(letter) == 1 and letter in codes.ETHNIC_CATEGORIES:
        return letter
    # Z, 9, 99, blank, 0 and anything unknown are one group in every published table.
    return codes.NOT_STATED


def _ethnic_group(category: str) -> str:
    for group, letters in codes.ETHNIC_GROUPS.items():
        if category in letters:
            return group
    return codes.NOT_STATED


def age_on(born: date, when: date) -> int:
    """Whole years; somebody born on 29 February has the birthday on 1 March."""
    return when.year - born.year - ((when.month, when.day) < (born.month, born.day))


def _age_band(born: date | None, when: date) -> str:
    if born is None:
        return codes.NOT_STATED
    age = age_on(born, when)
    if age < 0:
        return codes.NOT_STATED
    for last_age, band in codes.AGE_BANDS:
        if age <= last_age:
            return band
    return codes.OLDEST_AGE_BAND


def _decile(postcode: str, reference: Reference) -> str:
    decile = reference.deciles.get(_postcode(postcode))
    return codes.NOT_STATED if decile is None else f"decile_{decile:02d}"
