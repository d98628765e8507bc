"""Refreshes and defects: what differs, and what must not."""

from datetime import date
from pathlib import Path

import pytest
from synthetic_support import Tables, read_rows, read_tables

from parity.synthetic import Summary, synthesise

NOVEMBER = "ZZ3_2024-11"


def make(folder: Path, **changes: object) -> Summary:
    wishes: dict[str, object] = {
        "providers": 1,
        "first": date(2024, 9, 1),
        "last": date(2024, 12, 1),
        "referrals_per_month": 250,
        "truth": folder / "truth",
    }
    return synthesise(folder / "out", **(wishes | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same services made as they are, refreshed, spoiled and broken."""
    found = {}
    for name, changes in {
        "plain": {},
        "refresh": {"refresh": True},
        "low": {"defects": "low"},
        "high": {"defects": "high"},
    }.items():
        found[name] = tmp_path_factory.mktemp(name)
        make(found[name], **changes)
    return found


@pytest.fixture(scope="module")
def pair(folders: dict[str, Path]) -> tuple[Tables, Tables]:
    """Primary and refresh of one month."""
    out = folders["refresh"] / "out"
    return (
        read_tables(out / f"{NOVEMBER}_primary"),
        read_tables(out / f"{NOVEMBER}_refresh"),
    )


def test_a_refresh_adds_late_contacts_and_takes_withdrawn_ones(
    pair: tuple[Tables, Tables],
) -> None:
    primary, refresh = (
        {row["CareContactId"] for row in tables["IDS201CareContact"]} for tables in pair
    )
    assert refresh - primary
    assert primary - refresh
    assert len(refresh & primary) > 0.9 * len(refresh)


def test_a_refresh_corrects_scores(pair: tuple[Tables, Tables]) -> None:
    primary, refresh = (
        {
            (row["CareActId"], row["CodedAssToolType"]): row["PersScore"]
            for row in tables["IDS607CodedScoreAssessmentAct"]
        }
        for tables in pair
    )
    corrected = [k for k in primary.keys() & refresh.keys() if primary[k] != refresh[k]]
    assert 0 < len(corrected) < 0.05 * len(refresh)


def test_a_refresh_knows_late_discharges(pair: tuple[Tables, Tables]) -> None:
    primary, refresh = (
        {r["ServiceRequestId"]: r["ServDischDate"] for r in tables["IDS101Referral"]}
        for tables in pair
    )
    assert primary.keys() == refresh.keys()
    late = [key for key in refresh if refresh[key] and not primary[key]]
    assert late
    assert all(primary[k] in ("", refresh[k]) for k in refresh)


def test_the_truth_is_of_final_data(folders: dict[str, Path]) -> None:
    """What a primary had wrong changes nothing that is true."""
    plain, refresh = (
        read_rows(folders[name] / "truth" / "pathways.csv")
        for name in ("plain", "refresh")
    )
    assert plain == refresh


def test_spoiled_values_are_there(folders: dict[str, Path]) -> None:
    tables = read_tables(folders["low"] / "out" / f"{NOVEMBER}_primary")
    types = {row["AppType"] for row in tables["IDS201CareContact"]}
    assert types & {" 2", " 3"}
    codes = {row["PresComp"] for row in tables["IDS603PresentingComplaints"]}
    assert "CH99" in codes
    assert any("." in code for code in codes)
    assert any(code != code.upper() for code in codes)
    scores = tables["IDS607CodedScoreAssessmentAct"]
    work = [
        r["PersScore"] for r in scores if r["CodedAssToolType"] == "932621000000100"
    ]
    assert "9" in work


def test_a_score_out_of_range_is_never_a_first_or_last_one(tmp_path: Path) -> None:
    make(tmp_path, defects="low", referrals_per_month=600)
    found = 0
    for folder in sorted((tmp_path / "out").glob("ZZ3*")):
        for row in read_rows(folder / "IDS607CodedScoreAssessmentAct.csv"):
            found += (
                row["CodedAssToolType"] == "720433000" and int(row["PersScore"]) > 27
            )
    assert found
    for row in read_rows(tmp_path / "truth" / "pathways.csv"):
        for column in ("phq9_first", "phq9_last", "phq9_latest"):
            assert int(row[column] or 0) <= 27


def test_defects_change_no_pathway(folders: dict[str, Path]) -> None:
    """Only an ethnicity that is not sent, and a code that no list has, differ."""
    plain, low, high = (
        read_rows(folders[name] / "truth" / "pathways.csv")
        for name in ("plain", "low", "high")
    )
    assert low == high
    changed = {
        column
        for before, after in zip(plain, low, strict=True)
        for column in before
        if before[column] != after[column]
    }
    assert changed == {"ethnic_category", "presenting_complaint"}


def test_broken_rows_are_listed_by_place_and_rule(folders: dict[str, Path]) -> None:
    """At the end of their table, and without an identifier."""
    listed = read_rows(folders["high"] / "truth" / "defects.csv")
    assert list(listed[0]) == ["submission", "table", "row_number", "rule_id"]
    for folder in sorted((folders["high"] / "out").glob("ZZ3*")):
        broken, good = (
            read_tables(folder),
            read_tables(folders["low"] / "out" / folder.name),
        )
        places = {
            (row["table"], int(row["row_number"]))
            for row in listed
            if row["submission"] == folder.name
        }
        added = {
            (table, number)
            for table, rows in broken.items()
            for number in range(len(good[table]) + 1, len(rows) + 1)
        }
        assert places == added
        assert all(broken[table][: len(rows)] == rows for table, rows in good.items())


def test_nothing_is_listed_without_broken_rows(folders: dict[str, Path]) -> None:
    assert read_rows(folders["plain"] / "truth" / "defects.csv") == []
