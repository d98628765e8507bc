"""The truth file: true by construction, and true of the files that were written."""

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from independent.pathways import Pathway
from independent.recompute import recompute
from synthetic_support import Row, read_rows, submission_folders, submissions

from parity.synthetic import Summary, synthesise
from parity.synthetic.rates import BOUNDARY_SECOND_WAITS, BOUNDARY_WAITS

Made = tuple[Path, Summary, list[Row]]
CHANGES = ("reliable_improvement", "reliable_deterioration", "no_change")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two services, ten months, with refreshes and spoiled values."""
    folder = tmp_path_factory.mktemp("synthetic")
    summary = synthesise(
        folder / "out",
        providers=2,
        last=date(2025, 1, 1),
        referrals_per_month=120,
        refresh=True,
        defects="low",
        truth=folder / "truth",
    )
    return folder / "out", summary, read_rows(folder / "truth" / "pathways.csv")


def recomputed(pathway: Pathway) -> Row:
    """What the second calculation, which shares no code, says of a pathway."""
    outcome, course, care = pathway.outcome, pathway.course, pathway.care
    running = pathway.running
    return {
        "ServDischDate": _day(pathway.discharged),
        "last_sent_month": _day(pathway.month)[:7],
        "attended_contacts": str(care.attended_contacts),
        "treatment_contacts": str(care.treatment_contacts),
        "internet_logs": str(care.internet_logs),
        "treatment_count": str(care.treatment_count),
        "first_assessment_date": _day(pathway.first_assessment),
        "first_treatment_date": _day(pathway.first_treatment),
        "second_treatment_date": _day(pathway.second_treatment),
        "last_treatment_date": _day(pathway.last_treatment),
        "completed": _flag(course.is_finished),
        "phq9_first": _score(course.phq_first),
        "phq9_last": _score(course.phq_last),
        "phq9_latest": _score(running.phq_latest),
        "presenting_complaint": pathway.problem or "",
        "adsm": running.scale.name if running.first is not None else "",
        "adsm_first": _score(running.first),
        "adsm_latest": _score(running.latest),
        "adsm_last": _score(course.adsm_last),
        "adsm_national": course.adsm.name if course.adsm_first is not None else "",
        "adsm_national_first": _score(course.adsm_first),
        "caseness": _flag(outcome.is_at_caseness),
        "not_caseness": _flag(outcome.is_not_at_caseness),
        "recovery": _flag(outcome.is_recovered),
        "reliable_improvement": _flag(outcome.is_improved),
        "reliable_deterioration": _flag(outcome.is_deteriorated),
        "no_change": _flag(outcome.is_unchanged),
        "reliable_recovery": _flag(outcome.is_reliably_recovered),
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _flag(value: bool) -> str:
    return "Y" if value else ""


def _score(score: Decimal | None) -> str:
    return "" if score is None else str(score)


def test_truth_equals_a_second_calculation_from_the_files(made: Made) -> None:
    """Of final data: the refresh where there is one, else the primary."""
    out, _, truth = made
    again = recompute(submission_folders(out), out / "reference").latest()
    by_key = {(row["OrgIDProv"], row["ServiceRequestId"]): row for row in truth}
    assert len(again) == len(truth)
    different: Counter[str] = Counter()
    for pathway in again:
        row = by_key[pathway.provider, pathway.service_request]
        for column, value in recomputed(pathway).items():
            different[column] += row[column] != value
    assert not +different


def test_people_are_the_same_people(made: Made) -> None:
    """Who can be joined by number or local identifier is one person number, and who
    cannot is not."""
    out, summary, truth = made
    again = recompute(submission_folders(out), out / "reference").latest()
    numbers = {
        (row["OrgIDProv"], row["ServiceRequestId"]): row["person_number"]
        for row in truth
    }
    pairs = {(p.person, numbers[p.provider, p.service_request]) for p in again}
    assert len(pairs) == len({number for _, number in pairs})
    assert len(pairs) == len({person for person, _ in pairs})
    assert summary.people == len(pairs)


def test_groups_are_those_of_the_last_file(made: Made) -> None:
    out, _, truth = made
    last: dict[tuple[str, str], tuple[str, str, str]] = {}
    for provider, start, _, _, tables in submissions(out):
        people = {row["LocalPatientId"]: row for row in tables["IDS001MPI"]}
        for row in tables["IDS101Referral"]:
            person = people[row["LocalPatientId"]]
            last[provider, row["ServiceRequestId"]] = (
                start.isoformat()[:7],
                person["EthnicCategory"],
                person["Gender"],
            )
    for row in truth:
        found = last[row["OrgIDProv"], row["ServiceRequestId"]]
        wanted = (row["last_sent_month"], row["ethnic_category"], row["gender"])
        assert found == wanted


def test_nhs_number_is_known_from_the_month_that_is_said(made: Made) -> None:
    out, _, truth = made
    first: dict[tuple[str, str], str] = {}
    for provider, start, _, _, tables in submissions(out):
        for row in tables["IDS001MPI"]:
            if row["NHSNumber"]:
                key = (provider, row["LocalPatientId"])
                first.setdefault(key, start.isoformat()[:7])
    said = {(r["OrgIDProv"], r["LocalPatientId"]): r for r in truth}
    later = 0
    for key, row in said.items():
        assert row["nhs_number_known_from"] == first.get(key, "")
        received = min(
            r["ReferralRequestReceivedDate"]
            for r in truth
            if (r["OrgIDProv"], r["LocalPatientId"]) == key
        )
        later += row["nhs_number_known_from"] > received[:7]
    assert later > 0


def test_outcomes_belong_to_finished_courses_and_exclude_each_other(made: Made) -> None:
    _, summary, truth = made
    flags = ("caseness", "not_caseness", "recovery", "reliable_recovery", *CHANGES)
    finished = [row for row in truth if row["completed"]]
    assert len(finished) == summary.finished > 100
    for row in truth:
        if not row["completed"]:
            assert not any(row[flag] for flag in flags)
        assert sum(row[change] == "Y" for change in CHANGES) <= 1
        assert not (row["caseness"] and row["not_caseness"])
        assert not row["recovery"] or row["caseness"]
        both = row["recovery"] and row["reliable_improvement"]
        assert bool(row["reliable_recovery"]) == bool(both)


def test_finished_means_discharged_after_two_treatments(made: Made) -> None:
    _, _, truth = made
    for row in truth:
        two = bool(row["ServDischDate"]) and int(row["treatment_count"]) >= 2
        assert bool(row["completed"]) == two
        parts = int(row["treatment_contacts"]) + int(row["internet_logs"])
        assert parts == int(row["treatment_count"])
        if not row["ServDischDate"]:
            assert row["phq9_last"] == row["adsm_last"] == ""


def test_boundary_waits_are_there(made: Made) -> None:
    """Both sides of every limit, on courses that are finished by the last month."""
    _, _, truth = made
    finished = [row for row in truth if row["completed"]]
    first = {
        _between(r, "ReferralRequestReceivedDate", "first_treatment_date")
        for r in finished
    }
    second = {
        _between(r, "first_treatment_date", "second_treatment_date") for r in finished
    }
    assert first >= set(BOUNDARY_WAITS)
    assert second >= set(BOUNDARY_SECOND_WAITS)


def test_discharges_on_the_first_and_last_day_of_a_month(made: Made) -> None:
    _, _, truth = made
    days = {row["ServDischDate"][8:] for row in truth if row["completed"]}
    assert "01" in days
    assert days & {"30", "31"}


def _between(row: Row, first: str, last: str) -> int:
    return (date.fromisoformat(row[last]) - date.fromisoformat(row[first])).days


def test_a_person_may_come_again_and_be_known_twice(made: Made) -> None:
    _, _, truth = made
    by_person: dict[str, set[tuple[str, str]]] = {}
    for row in truth:
        key = (row["OrgIDProv"], row["LocalPatientId"])
        by_person.setdefault(row["person_number"], set()).add(key)
    assert any(len(places) == 2 for places in by_person.values())
    registrations = Counter((r["OrgIDProv"], r["LocalPatientId"]) for r in truth)
    assert max(registrations.values()) > 1
