"""Who a row is about: the person as known nationally, and what the row says of them.

What belongs here: a person's characteristics as a submission states them. Which rows
are one person's is in `joining`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from . import codes
from .submissions import Row, Submission, code, day

# ("nhs", number) or ("local", provider, local identifier, birth date).
Person = tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """The reference data of a home: sub-ICB codes and deprivation of live postcodes."""

    sub_icbs: frozenset[str]
    deciles: dict[str, int]


_NO_BIRTH_DATES = {"", "1800-01-01", "1900-01-01"}
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
            postcode(row["postcode"]): int(row["deprivation_decile"])
            for row in postcodes
            if _is_yes(row["is_live"]) and row["deprivation_decile"]
        },
    )


def _is_yes(text: str) -> bool:
    return text.strip().lower() in {"true", "1", "y", "yes"}


def postcode(text: str) -> str:
    """In capitals and without blanks."""
    return "".join(text.upper().split())


def national_person(provider: str, row: Row) -> Person:
    """The NHS number where the row has one, else its local identity."""
    nhs_number = "".join(code(row, "NHSNumber").split())
    if nhs_number:
        return ("nhs", nhs_number)
    return local_person(provider, row)


def local_person(provider: str, row: Row) -> Person:
    """Provider, local identifier and birth date; blank where that is none."""
    born = code(row, "PersonBirthDate") if has_birth_date(row) else ""
    return ("local", provider, row["LocalPatientId"], born)


def has_birth_date(row: Row) -> bool:
    """Whether the birth date is one, and not what stands for none."""
    return code(row, "PersonBirthDate") not in _NO_BIRTH_DATES


@dataclass(frozen=True)
class Described:
    """A person and the groups (by characteristic) that the person's own row decides.

    person: as known nationally. joined: who that is, all records considered.
    """

    person: Person
    joined: Person
    groups: dict[str, str]


def describe(
    submission: Submission, row: Row, reference: Reference, joined: Person
) -> Described:
    """The equality groups of a person at the end of the reporting period."""
    category = _ethnic_category(code(row, "EthnicCategory"))
    groups = {
        "ethnic_category": category,
        "ethnic_group": _ethnic_group(category),
        "age_band": _age_band(day(row, "PersonBirthDate"), submission.period_end),
        "gender": codes.GENDERS.get(code(row, "Gender"), codes.NOT_STATED),
        "deprivation_decile": _decile(code(row, "Postcode"), reference),
    }
    return Described(national_person(submission.provider, row), joined, groups)


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


def _decile(sent: str, reference: Reference) -> str:
    decile = reference.deciles.get(postcode(sent))
    return codes.NOT_STATED if decile is None else f"decile_{decile:02d}"
