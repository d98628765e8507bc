"""The door: what kept values become: typed, of one form, and coarser."""

from __future__ import annotations

from datetime import date, datetime
from datetime import time as clock

import polars as pl
import pytest
from vault_support import (
    ANN,
    BOB,
    Rows,
    column,
    land,
    person,
    submission,
)

from parity.home.reference import Reference
from parity.vault.errors import RecordRefused

PERSONS, REFERRALS, CONTACTS = "IDS001MPI", "IDS101Referral", "IDS201CareContact"


def test_values_are_typed() -> None:
    """Dates, times, whole numbers; spaces about them do not count."""
    landed = land(
        submission(
            IDS000Header=[
                {
                    "ReportingPeriodStartDate": " 2025-04-01",
                    "DateTimeDatSetCreate": "2025-05-20T09:30:00",
                }
            ],
            IDS201CareContact=[
                {
                    "CareContDate": "2024-02-29 ",
                    "CareContTime": "23:59:59",
                    "ClinContDurOfCareCont": " 050",
                },
                {"CareContDate": "  ", "CareContTime": None},
            ],
        )
    )
    assert column(landed, CONTACTS, "CareContDate") == [date(2024, 2, 29), None]
    assert column(landed, CONTACTS, "CareContTime") == [clock(23, 59, 59), None]
    assert column(landed, CONTACTS, "ClinContDurOfCareCont") == [50, None]
    created = column(landed, "IDS000Header", "DateTimeDatSetCreate")
    assert created == [datetime(2025, 5, 20, 9, 30)]  # noqa: DTZ001  as submitted


@pytest.mark.attack(1)
@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        (CONTACTS, "CareContDate", "2025-02-29"),
        (CONTACTS, "CareContDate", "29/03/2025"),
        (CONTACTS, "CareContDate", "2025-4-1"),
        (CONTACTS, "CareContDate", "2025-04-01\n"),
        (CONTACTS, "CareContDate", "0000-04-01"),
        (CONTACTS, "CareContTime", "24:00:00"),
        (CONTACTS, "CareContTime", "23:59:60"),
        (CONTACTS, "CareContTime", "9:00:00"),
        (CONTACTS, "ClinContDurOfCareCont", "50.0"),
        (CONTACTS, "ClinContDurOfCareCont", "1e9"),
        (CONTACTS, "ClinContDurOfCareCont", "\u0665"),
        (CONTACTS, "ClinContDurOfCareCont", "9990000018"),
        ("IDS000Header", "DateTimeDatSetCreate", "2025-05-20 09:30:00"),
        ("IDS000Header", "ReportingPeriodEndDate", "April"),
        (PERSONS, "PersonBirthDate", "15/06/1980"),
        (PERSONS, "PersonBirthDate", ANN),
    ],
)
def test_unreadable_value_is_never_shown(table: str, field: str, value: str) -> None:
    """The refusal names table, field and row; the value and any cause stay inside."""
    with pytest.raises(RecordRefused, match="not_a_") as refusal:
        land(submission(**{table: [{}, {field: value}]}))
    error = refusal.value
    assert (error.table, error.field, error.row_number) == (table, field, 2)
    assert value not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_codes_are_brought_to_one_form() -> None:
    """Blanks go, appointment types are padded, ethnic categories are capitals."""
    landed = land(
        submission(
            IDS001MPI=[
                person("P1", EthnicCategory=" a"),
                person("P2", EthnicCategory="z "),
            ],
            IDS201CareContact=[
                {"AppType": text, "AttendOrDNACode": f" {text} ", "Cancellation": " "}
                for text in ("2", "02", " 2", "2 ", "10")
            ],
        )
    )
    assert column(landed, PERSONS, "EthnicCategory") == ["A", "Z"]
    assert column(landed, CONTACTS, "AppType") == ["02"] * 4 + ["10"]
    assert column(landed, CONTACTS, "AttendOrDNACode")[:2] == ["2", "02"]
    assert column(landed, CONTACTS, "Cancellation") == [None] * 5


def test_other_text_is_as_sent() -> None:
    """No trimming where there is no code list."""
    rows: Rows = [{"PersScore": " 12"}, {"PersScore": "1\u00a0"}]
    landed = land(submission(IDS606CodedScoreAssessmentRefer=rows))
    assert column(landed, "IDS606CodedScoreAssessmentRefer", "PersScore") == [
        " 12",
        "1\u00a0",
    ]


def test_programme_names_become_codes() -> None:
    """Free text is matched, case ignored, and does not land."""
    texts = ["SilverCloud Stress", "slvrcld", "MNDDSTRCT", "for Ann Example", " ", None]
    landed = land(
        submission(IDS201CareContact=[{"IntEnabledTherProg": text} for text in texts])
    )
    found = column(landed, CONTACTS, "IntEnabledTherProg")
    assert found == ["Silvercloud", "Silvercloud", "Minddistrict", "Other", None, None]


def test_ages() -> None:
    """At the period's ends, at referral and discharge, at the contact."""
    landed = land(
        submission(
            IDS001MPI=[
                person("P1", ANN, PersonBirthDate="1980-04-15"),
                person("P2", BOB, PersonBirthDate="1900-01-01"),
                person("P3"),
            ],
            IDS101Referral=[
                {
                    "ServiceRequestId": "R1",
                    "LocalPatientId": "P1",
                    "ReferralRequestReceivedDate": "2024-04-14",
                    "ServDischDate": "2025-04-16",
                },
                {"ServiceRequestId": "R2", "LocalPatientId": "P2"},
                {"ServiceRequestId": "R3", "LocalPatientId": "unknown"},
            ],
            IDS201CareContact=[
                {"ServiceRequestId": "R1", "CareContDate": "2025-04-14"},
                {"ServiceRequestId": "R9", "CareContDate": "2025-04-14"},
                {"ServiceRequestId": "R1", "CareContDate": "1980-04-14"},
            ],
        )
    )
    assert column(landed, PERSONS, "Age_RP_StartDate") == [44, None, None]
    assert column(landed, PERSONS, "Age_RP_EndDate") == [45, None, None]
    assert column(landed, REFERRALS, "Age_ReferralRequest_ReceivedDate") == [
        43,
        None,
        None,
    ]
    assert column(landed, REFERRALS, "Age_ServiceDischarge_Date") == [45, None, None]
    assert column(landed, CONTACTS, "Age_CareContact_Date") == [44, None, None]


def test_areas() -> None:
    """Live postcodes give area and decile; others none; without reference, unknown."""
    postcodes = pl.DataFrame(
        {
            "postcode": ["ZZ99 3VZ", "ZZ99 3WZ"],
            "lsoa_code": ["E01000001", "E01000002"],
            "deprivation_decile": pl.Series([3, 4], dtype=pl.Int32),
            "sub_icb_code": ["ZZC01", "ZZC01"],
            "is_live": [True, False],
        }
    )
    empty = Reference.empty()
    known = Reference(empty.organisations, empty.practices, postcodes)
    people = [
        person(f"P{place}", Postcode=text) if text else person(f"P{place}")
        for place, text in enumerate(
            ["zz993vz", "ZZ99 3WZ", "AB1 1AB", "nonsense", None]
        )
    ]
    kept = submission(IDS001MPI=people)
    names = ("ValidPostcode_Flag", "LSOA", "IndicesOfDeprivationDecile")
    landed = land(kept, reference=known).tables[PERSONS].select(names).rows()
    assert landed == [(True, "E01000001", 3)] + [(False, None, None)] * 4
    assert land(kept).tables[PERSONS].select(names).rows() == [(None, None, None)] * 5
