"""Synthetic submissions, through the whole pipeline, against two other answers.

One is the generator's own truth, decided before any submission was written. The other
is the second calculation (tests/independent), which reads the same raw files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from agreement import (
    RawKeys,
    Rows,
    built_equality,
    built_measures,
    built_months,
    built_referrals,
    differing_columns,
    differing_measures,
    expected_figures,
    expected_months,
    expected_referrals,
    monthly,
)
from conftest import BuiltHome
from independent.measures import by_group, by_organisation
from independent.pathways import Pathway, Recomputation
from independent.recompute import recompute
from truth_files import MADE, compared_columns, in_truth_words, read_truth, told

from parity.warehouse.connections import reading


@pytest.fixture(scope="module")
def calculation(built_home: BuiltHome) -> Recomputation:
    return recompute(built_home.folders, built_home.reference, built_home.rejected)


@pytest.fixture(scope="module")
def months(calculation: Recomputation) -> list[Pathway]:
    return calculation.by_month()


@pytest.fixture(scope="module")
def connection(built_home: BuiltHome) -> Iterator[duckdb.DuckDBPyConnection]:
    keys = {name: built_home.keyring.key(name) for name in ("warehouse", "landed")}
    with reading(built_home.home, **keys) as connection:
        yield connection


@pytest.fixture(scope="module")
def raw_keys(built_home: BuiltHome) -> RawKeys:
    return RawKeys(built_home.folders)


@pytest.fixture(scope="module")
def referrals(connection: duckdb.DuckDBPyConnection, raw_keys: RawKeys) -> Rows:
    return built_referrals(connection, raw_keys)


@pytest.fixture(scope="module")
def truth(built_home: BuiltHome) -> Rows:
    return read_truth(built_home.truth)


def test_every_referral_is_as_it_was_made(
    built_home: BuiltHome, referrals: Rows, truth: Rows
) -> None:
    columns = compared_columns(MADE)
    found = {
        key: in_truth_words(row, MADE)
        for key, row in referrals.items()
        if key[0] != built_home.sent_twice
    }
    expected = {key: told(row, columns) for key, row in truth.items()}
    assert differing_columns(found, expected) == {}


def test_people_are_who_they_were_made(referrals: Rows, truth: Rows) -> None:
    """One person_id for each person who is known by an NHS number at some time.

    Somebody who never is stays known to one provider under its local identifier.
    """
    people: dict[Any, set[Any]] = defaultdict(set)
    known_as: dict[Any, set[Any]] = defaultdict(set)
    for key, row in truth.items():
        person = row["person_number"]
        if not row["nhs_number_known_from"]:
            person = (row["OrgIDProv"], row["LocalPatientId"])
        people[person].add(referrals[key]["person_id"])
        known_as[referrals[key]["person_id"]].add(person)
    assert {len(found) for found in people.values()} == {1}
    assert {len(found) for found in known_as.values()} == {1}


def test_referrals_agree_with_the_second_calculation(
    referrals: Rows, calculation: Recomputation
) -> None:
    expected = expected_referrals(calculation.latest())
    assert differing_columns(referrals, expected) == {}


def test_referral_months_agree_with_the_second_calculation(
    connection: duckdb.DuckDBPyConnection, raw_keys: RawKeys, months: list[Pathway]
) -> None:
    found = built_months(connection, raw_keys)
    assert differing_columns(found, expected_months(months)) == {}


def test_measures_agree_at_every_level(
    connection: duckdb.DuckDBPyConnection, months: list[Pathway]
) -> None:
    expected = expected_figures(monthly(by_organisation(months)))
    assert differing_measures(built_measures(connection), expected) == {}


def test_equality_marts_agree_in_every_group(
    connection: duckdb.DuckDBPyConnection, months: list[Pathway]
) -> None:
    expected = expected_figures(by_group(months))
    assert differing_measures(built_equality(connection), expected) == {}


def test_the_scene_holds_what_it_must(truth: Rows, months: list[Pathway]) -> None:
    """Agreement on nothing would prove nothing."""
    held = {
        "recovered": any(p.outcome.is_recovered for p in months),
        "deteriorated": any(p.outcome.is_deteriorated for p in months),
        "not at caseness": any(p.outcome.is_not_at_caseness for p in months),
        "own scale": any(p.course.adsm.name != "GAD-7" for p in months),
        "internet logs": any(p.care.internet_logs for p in months),
        "discharged early": any(
            p.discharged and not p.course.is_finished for p in months
        ),
        "NHS number that came later": any(
            row["nhs_number_known_from"] > row["ReferralRequestReceivedDate"][:7]
            for row in truth.values()
        ),
        "two financial years": len({p.month.month < 4 for p in months}) == 2,
        "three editions": len({p.edition for p in months}) == 3,
        "sent twice, the first sender counts": _counts_elsewhere(months, "ZZ9"),
        "sent twice, the second sender counts": _counts_elsewhere(months, "ZZ3"),
        "primary differs from final": _differ(months, "primary", "final"),
    }
    assert [name for name, holds in held.items() if not holds] == []


def _counts_elsewhere(months: list[Pathway], provider: str) -> bool:
    return any(p.provider == provider and not p.is_counted for p in months)


def _differ(months: list[Pathway], one: str, other: str) -> bool:
    def care(edition: str) -> set[tuple[Any, ...]]:
        return {
            (p.month, p.provider, p.service_request, p.care.contact_count)
            for p in months
            if p.edition == edition
        }

    return care(one) != care(other)
