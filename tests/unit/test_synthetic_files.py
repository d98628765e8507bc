"""The generated folders: same seed, same bytes; keys, parents and periods that hold."""

import stat
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from synthetic_support import (
    Tables,
    digest,
    read_rows,
    submission_folders,
    submissions,
)

from parity.specification import load
from parity.synthetic import SyntheticError, synthesise
from parity.synthetic.reference import MOST_PROVIDERS

FIRST, LAST = date(2024, 12, 1), date(2025, 3, 1)
EVENT_DAYS = {
    "IDS201CareContact": "CareContDate",
    "IDS205InternetTherLog": "EndDateIntEnabledTherLog",
    "IDS606CodedScoreAssessmentRefer": "AssToolCompDate",
    "IDS105OnwardReferral": "OnwardReferDate",
}
KEYS = {
    "IDS001MPI": "LocalPatientId",
    "IDS101Referral": "ServiceRequestId",
    "IDS201CareContact": "CareContactId",
    "IDS202CareActivity": "CareActId",
}


def make(folder: Path, **changes: object) -> Path:
    wishes: dict[str, object] = {
        "providers": 2,
        "first": FIRST,
        "last": LAST,
        "referrals_per_month": 60,
        "refresh": True,
        "truth": folder / "truth",
    }
    synthesise(folder / "out", **(wishes | changes))  # type: ignore[arg-type]
    return folder / "out"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("synthetic"))


@pytest.fixture(scope="module")
def sent(out: Path) -> list[tuple[str, date, date, str, Tables]]:
    return list(submissions(out))


def test_same_seed_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    again = make(tmp_path)
    assert digest(again.parent) == digest(out.parent)


def test_another_seed_gives_other_bytes(out: Path, tmp_path: Path) -> None:
    assert digest(make(tmp_path, seed=8)) != digest(out)


def test_folders_are_named_and_complete(out: Path) -> None:
    """A refresh for every month but the last; all tables, with the official columns."""
    names = [folder.name for folder in submission_folders(out)]
    assert len(names) == 2 * (4 + 3)
    assert "ZZ4_2025-03_primary" in names
    assert "ZZ4_2025-03_refresh" not in names
    for folder in submission_folders(out):
        for name, table in load().tables.items():
            with (folder / f"{name}.csv").open(encoding="utf-8") as stream:
                assert stream.readline().rstrip("\n").split(",") == list(
                    table.field_names
                )


def test_only_the_owner_may_read(out: Path) -> None:
    for path in [out, *out.rglob("*")]:
        mode = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_reference_files_hold_every_code_that_is_sent(
    out: Path, sent: list[tuple[str, date, date, str, Tables]]
) -> None:
    folder = out / "reference"
    organisations = read_rows(folder / "organisations.csv")
    codes = {row["organisation_code"] for row in organisations}
    postcodes = {row["postcode"] for row in read_rows(folder / "postcodes.csv")}
    practices = {row["practice_code"] for row in read_rows(folder / "practices.csv")}
    assert all(code.startswith("ZZ") for code in codes)
    assert {row["parent_code"] for row in organisations} <= codes | {""}
    for provider, _, _, _, tables in sent:
        assert provider in codes
        assert {r["OrgIDComm"] for r in tables["IDS101Referral"]} <= codes
        sites = {r["SiteIDOfTreat"] for r in tables["IDS201CareContact"]}
        assert sites - {"", "R9998"} <= codes
        assert {r["Postcode"] for r in tables["IDS001MPI"]} <= postcodes | {""}
        used = {r["GMPCodeReg"] for r in tables["IDS002GP"]}
        assert used - {"V81997", "V81999"} <= practices


def test_header_says_the_period_and_a_fixed_time(
    sent: list[tuple[str, date, date, str, Tables]],
) -> None:
    made = {
        (start, kind): tables["IDS000Header"][0]["DateTimeDatSetCreate"]
        for _, start, _, kind, tables in sent
    }
    assert made[date(2024, 12, 1), "primary"] == "2025-01-20T09:00:00"
    assert made[date(2024, 12, 1), "refresh"] == "2025-02-20T09:00:00"


def test_keys_are_unique(sent: list[tuple[str, date, date, str, Tables]]) -> None:
    for _, _, _, _, tables in sent:
        for name, key in KEYS.items():
            found = [row[key] for row in tables[name]]
            assert len(set(found)) == len(found)
        numbers = [r["NHSNumber"] for r in tables["IDS001MPI"] if r["NHSNumber"]]
        assert len(set(numbers)) == len(numbers)
        scores = Counter(
            (row["CareActId"], row["CodedAssToolType"])
            for row in tables["IDS607CodedScoreAssessmentAct"]
        )
        assert set(scores.values()) <= {1}


def test_every_row_has_its_parent(
    sent: list[tuple[str, date, date, str, Tables]],
) -> None:
    """And every person has a practice and a referral, without which it would fall."""
    for _, _, _, _, tables in sent:
        for name, table in load().tables.items():
            if table.parent_table:
                key = table.parent_key
                parents = {row[key] for row in tables[table.parent_table]}
                assert {row[key] for row in tables[name]} <= parents
        people = {row["LocalPatientId"] for row in tables["IDS001MPI"]}
        assert people == {row["LocalPatientId"] for row in tables["IDS002GP"]}
        assert people == {row["LocalPatientId"] for row in tables["IDS101Referral"]}


def test_events_stand_in_their_own_month_and_after_the_referral(
    sent: list[tuple[str, date, date, str, Tables]],
) -> None:
    for _, start, end, _, tables in sent:
        received = {
            row["ServiceRequestId"]: row["ReferralRequestReceivedDate"]
            for row in tables["IDS101Referral"]
        }
        for name, column in EVENT_DAYS.items():
            for row in tables[name]:
                assert start.isoformat() <= row[column] <= end.isoformat()
                assert row[column] >= received[row["ServiceRequestId"]]


def test_no_two_attended_contacts_of_a_referral_share_a_day(
    sent: list[tuple[str, date, date, str, Tables]],
) -> None:
    """Their order would hang on a tie-break that no source publishes."""
    for _, _, _, kind, tables in sent:
        days = Counter(
            (row["ServiceRequestId"], row["CareContDate"])
            for row in tables["IDS201CareContact"]
        )
        assert kind == "primary" or set(days.values()) <= {1}


def test_open_referrals_repeat_until_discharge(
    sent: list[tuple[str, date, date, str, Tables]],
) -> None:
    """A discharged referral returns only in a month with a follow-up."""
    months = sorted({start for _, start, _, _, _ in sent})
    final = {
        (provider, start): tables
        for provider, start, _, kind, tables in sent
        if kind == "refresh" or start == months[-1]
    }
    for (provider, start), tables in final.items():
        follow_ups = {
            row["ServiceRequestId"]
            for row in tables["IDS201CareContact"]
            if row["AppType"] == "06"
        }
        for row in tables["IDS101Referral"]:
            key, ended = row["ServiceRequestId"], row["ServDischDate"]
            if not ended and start != months[-1]:
                after = final[provider, months[months.index(start) + 1]]
                assert key in {r["ServiceRequestId"] for r in after["IDS101Referral"]}
            if ended and ended < start.isoformat():
                assert key in follow_ups


def test_contacts_that_did_not_happen_have_no_activity(
    sent: list[tuple[str, date, date, str, Tables]],
) -> None:
    for _, _, _, _, tables in sent:
        happened = {row["CareContactId"] for row in tables["IDS202CareActivity"]}
        for row in tables["IDS201CareContact"]:
            unplanned = row["PlannedCareContIndicator"] == "N"
            attended = unplanned or row["AttendOrDNACode"] in {"5", "6"}
            assert (row["CareContactId"] in happened) == attended
            assert unplanned == (row["AttendOrDNACode"] == "")


def test_the_second_provider_starts_its_numbers_again(
    sent: list[tuple[str, date, date, str, Tables]],
) -> None:
    """A contact identifier there means nothing without its month."""
    lowest = {
        (provider, start): min(r["CareContactId"] for r in tables["IDS201CareContact"])
        for provider, start, _, kind, tables in sent
        if kind == "refresh"
    }
    january = date(2025, 1, 1)
    assert lowest["ZZ4", january][:4] == lowest["ZZ4", FIRST][:4]
    assert lowest["ZZ4", january] < lowest["ZZ3", january]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"providers": 0}, "providers"),
        ({"providers": 29}, "providers"),
        ({"first": date(2025, 4, 1)}, "months"),
        ({"referrals_per_month": 0}, "referrals"),
        ({"defects": "some"}, "defects"),
    ],
)
def test_impossible_wishes_are_refused(
    tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(SyntheticError) as error:
        make(tmp_path, **changes)
    assert error.value.code == code
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(SyntheticError) as error:
        make(tmp_path)
    assert error.value.code == "not_empty"


def test_most_providers_have_codes_of_their_own(tmp_path: Path) -> None:
    changes = {"providers": MOST_PROVIDERS, "first": LAST, "referrals_per_month": 1}
    out = make(tmp_path, **changes)
    rows = read_rows(out / "reference" / "organisations.csv")
    codes = [row["organisation_code"] for row in rows]
    postcodes = [row["postcode"] for row in read_rows(out / "reference/postcodes.csv")]
    assert len(set(codes)) == len(codes)
    assert len(set(postcodes)) == len(postcodes)
    assert len(submission_folders(out)) == MOST_PROVIDERS
