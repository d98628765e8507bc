"""Who a row is about: the person as known nationally, and the joined person.

What belongs here: linkage by NHS number and local identifier, and a person's
characteristics as a submission states them.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from . import codes
from .submissions import Row, Shelf, Submission, code, day

# ("nhs", number) or ("local", provider, local identifier).
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
    """The NHS number where the row has one, else provider and local identifier."""
    nhs_number = "".join(code(row, "NHSNumber").split())
    if nhs_number:
        return ("nhs", nhs_number)
    return ("local", provider, row["LocalPatientId"])


def joined_persons(shelf: Shelf) -> dict[tuple[str, str], Person]:
    """The NHS person that each provider's local identifier joins, where it joins one.

    Seen with exactly one NHS number in all submissions, it joins; seen with two,
    nothing says which is right, and it joins none.
    """
    seen: dict[tuple[str, str], set[Person]] = defaultdict(set)
    for submission in shelf.all:
        for row in submission.tables["IDS001MPI"]:
            person = national_person(submission.provider, row)
            if person[0] == "nhs":
                seen[submission.provider, row["LocalPatientId"]].add(person)
    return {local: next(iter(p)) for local, p in seen.items() if len(p) == 1}


def joined(person: Person, links: dict[tuple[str, str], Person]) -> Person:
    """The joined person of a national one."""
    if person[0] == "nhs":
        return person
    _, provider, local = person
    return links.get((provider, local), person)


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
