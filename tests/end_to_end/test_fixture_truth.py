"""The ten fixture submissions, through the whole pipeline, against their truth file."""

from __future__ import annotations

import pytest
from agreement import (
    RawKeys,
    Rows,
    built_referrals,
    differing_columns,
    expected_referrals,
)
from conftest import BuiltHome
from independent.recompute import recompute
from truth_files import COMMON, compared_columns, in_truth_words, read_truth, told

from parity.warehouse.connections import reading

COLUMNS = compared_columns(COMMON)


@pytest.fixture(scope="module")
def truth(fixture_home: BuiltHome) -> Rows:
    rows = read_truth(fixture_home.truth)
    return {key: told(row, COLUMNS) for key, row in rows.items()}


@pytest.fixture(scope="module")
def referrals(fixture_home: BuiltHome) -> Rows:
    """core.fct_referrals of the fixture home, under the raw keys."""
    keys = {name: fixture_home.keyring.key(name) for name in ("warehouse", "landed")}
    with reading(fixture_home.home, **keys) as connection:
        return built_referrals(connection, RawKeys(fixture_home.folders))


def test_every_column_of_all_92_referrals_is_true(referrals: Rows, truth: Rows) -> None:
    found = {key: in_truth_words(row, COMMON) for key, row in referrals.items()}
    assert len(truth) == 92
    assert differing_columns(found, truth) == {}


def test_every_column_of_the_truth_is_compared(fixture_home: BuiltHome) -> None:
    (columns, *_) = read_truth(fixture_home.truth).values()
    keys_and_remarks = {"OrgIDProv", "ServiceRequestId", "LocalPatientId", "note"}
    assert set(columns) - keys_and_remarks == set(COLUMNS)


def test_the_second_calculation_is_true(fixture_home: BuiltHome, truth: Rows) -> None:
    calculated = expected_referrals(recompute(fixture_home.folders).latest())
    found = {key: in_truth_words(row, COMMON) for key, row in calculated.items()}
    assert differing_columns(found, truth) == {}


def test_totals_are_those_that_the_fixtures_were_made_for(truth: Rows) -> None:
    totals = {
        name: sum(row[name] == "Y" for row in truth.values())
        for name in (
            "completed",
            "caseness",
            "not_caseness",
            "recovery",
            "reliable_improvement",
            "reliable_deterioration",
            "no_change",
            "reliable_recovery",
        )
    }
    assert list(totals.values()) == [52, 41, 7, 25, 30, 5, 11, 21]
