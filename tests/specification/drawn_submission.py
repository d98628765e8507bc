"""One small good submission, drawn by hand, for tests that change one thing in it.

One person with a registration, an open referral, an attended contact, its activity and
a score, in April 2025. Every other table is empty.
"""

from datetime import UTC, date, datetime

import polars as pl

from parity.home.reference import Reference
from parity.intake.reader import RawSubmission
from parity.intake.slot import Slot
from parity.intake.table_text import empty_rows
from parity.intake.validation import Validation, validate
from parity.specification import load

SLOT = Slot(provider_code="ZZ1", month=date(2025, 4, 1), kind="primary")
RECEIVED = datetime(2025, 5, 20, 8, 30, tzinfo=UTC)

GOOD: dict[str, dict[str, str]] = {
    "IDS000Header": {
        "DatSetVer": "2.1",
        "OrgIDProv": "ZZ1",
        "OrgIDSubmit": "ZZ1",
        "PrimSystemInUse": "drawn",
        "ReportingPeriodStartDate": "2025-04-01",
        "ReportingPeriodEndDate": "2025-04-30",
        "DateTimeDatSetCreate": "2025-05-20T09:15:00",
    },
    "IDS001MPI": {
        "LocalPatientId": "P1",
        "OrgIDLocalPatientId": "ZZ1",
        "NHSNumber": "9990000018",
        "NHSNumberStatus": "01",
        "PersonBirthDate": "1980-05-17",
        "Postcode": "ZZ99 3VZ",
        "Gender": "2",
    },
    "IDS002GP": {
        "LocalPatientId": "P1",
        "GMPCodeReg": "ZZ9901",
        "StartDateGMPRegistration": "2010-10-01",
    },
    "IDS101Referral": {
        "ServiceRequestId": "R1",
        "LocalPatientId": "P1",
        "OrgIDComm": "ZZC01",
        "ReferralRequestReceivedDate": "2025-03-10",
    },
    "IDS201CareContact": {
        "CareContactId": "C1",
        "ServiceRequestId": "R1",
        "CareContDate": "2025-04-02",
        "AttendOrDNACode": "5",
        "IAPTLTCServiceInd": "N",
        "AppType": "02",
    },
    "IDS202CareActivity": {"CareActId": "A1", "CareContactId": "C1"},
    "IDS607CodedScoreAssessmentAct": {
        "CareActId": "A1",
        "CodedAssToolType": "720433000",
        "PersScore": "13",
    },
}
"""The good row of each table that has one."""

# What a row of a table needs to break no rule when the good submission has none.
NEEDED: dict[str, dict[str, str]] = {
    "IDS003AccommStatus": {
        "LocalPatientId": "P1",
        "AccommodationType": "10",
        "AccommodationTypeDate": "2025-04-02",
    },
    "IDS004EmpStatus": {
        "LocalPatientId": "P1",
        "EmployStatus": "01",
        "EmployStatusRecDate": "2025-04-02",
    },
    "IDS007DisabilityType": {"LocalPatientId": "P1", "DisabCode": "05"},
    "IDS011SocPerCircumstances": {
        "LocalPatientId": "P1",
        "SocPerCircumstance": "160549006",
        "SocPerCircumstanceRecDate": "2025-04-02",
    },
    "IDS105OnwardReferral": {
        "ServiceRequestId": "R1",
        "OnwardReferDate": "2025-04-02",
    },
    "IDS108WaitingTimePauses": {
        "PauseID": "1",
        "ServiceRequestId": "R1",
        "PauseStartDate": "2025-04-02",
        "PauseReason": "01",
    },
    "IDS205InternetTherLog": {
        "ServiceRequestId": "R1",
        "StartDateIntEnabledTherLog": "2025-04-02",
        "EndDateIntEnabledTherLog": "2025-04-05",
        "IntEnabledTherProg": "a programme",
        "DurationIntEnabledTher": "30",
    },
    "IDS601MedHistPrevDiag": {
        "LocalPatientId": "P1",
        "DiagSchemeInUse": "02",
        "PrevDiag": "F320",
    },
    "IDS603PresentingComplaints": {
        "ServiceRequestId": "R1",
        "FindSchemeInUse": "01",
        "PresComp": "F321",
        "PresCompCodSig": "1",
    },
    "IDS606CodedScoreAssessmentRefer": {
        "ServiceRequestId": "R1",
        "CodedAssToolType": "720433000",
        "PersScore": "13",
        "AssToolCompDate": "2025-04-02",
    },
    "IDS902CarePersQual": {
        "CarePersLocalId": "T1",
        "QualAttainLevelIAPT": "10",
        "QualAwardedDate": "2020-01-01",
    },
}

Row = dict[str, str | None]


def row(table: str, **changes: str | None) -> Row:
    """A good row of a table with some fields changed; None empties a field."""
    return {**GOOD.get(table, NEEDED.get(table, {})), **changes}


def drawn(**tables: list[Row]) -> RawSubmission:
    """The good submission with the named tables replaced."""
    spec = load()
    given: dict[str, list[Row]] = {name: [dict(good)] for name, good in GOOD.items()}
    given |= tables
    frames = {name: empty_rows(table) for name, table in spec.tables.items()}
    for name, rows in given.items():
        columns = {"row_number": pl.Int64} | dict.fromkeys(
            spec.tables[name].field_names, pl.String
        )
        numbered = [{"row_number": at, **r} for at, r in enumerate(rows, start=1)]
        frames[name] = pl.DataFrame(numbered, schema=columns)
    return RawSubmission(tables=frames)


def judged(
    raw: RawSubmission, slot: Slot = SLOT, reference: Reference | None = None
) -> Validation:
    """The drawn submission validated as received in May 2025."""
    return validate(raw, slot, load(), reference or Reference.empty(), RECEIVED)


def broken_rows(validation: Validation, rule_id: str) -> list[int | None]:
    """Rows that break a rule themselves, in order."""
    of_rule = (pl.col("rule_id") == rule_id) & ~pl.col("cascade")
    return validation.failures.filter(of_rule).get_column("row_number").to_list()
