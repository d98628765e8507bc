"""Each kind of rule on rows, with rows that break it and rows that do not.

A case is a rule, and changed rows of its table: those that break it, then those that
keep it. Read a case as "a contact with attendance code 9 breaks IDS20128, one with 5
or ' 5' does not".
"""

from dataclasses import dataclass

import pytest
from drawn_submission import Row, broken_rows, drawn, judged, row

from parity.intake.rules import ROW_KINDS
from parity.specification import load

CONCEPT = "1077511000000101"


@dataclass(frozen=True)
class Case:
    """Changes of the table's good row that break the rule, and that keep it."""

    rule_id: str
    breaking: list[Row]
    keeping: list[Row]


def case(
    rule_id: str, field: str, breaking: list[str | None], keeping: list[str | None]
) -> Case:
    """A case about one field."""
    return Case(
        rule_id, [{field: value} for value in breaking], [{field: v} for v in keeping]
    )


def both(rule_id: str, breaking: list[Row], keeping: list[Row]) -> Case:
    """A case about several fields."""
    return Case(rule_id, breaking, keeping)


CASES = [
    # Written or not, and how.
    case("IDS20154", "AppType", [None, "  "], ["02"]),
    case("P21-001", "PersonBirthDate", [None], ["1980-05-17"]),
    case("IDS00203", "GMPCodeReg", [None, " "], ["ZZ9901"]),
    case("IDS10105", "ServiceRequestId", ["R" * 21], ["R" * 20]),
    case("IDS20155", "AppType", ["123", "B"], ["2", " 2", "2 ", "02", "10"]),
    case("IDS20127", "AttendOrDNACode", ["10"], ["5", "05", " 5"]),
    case(
        "IDS20114", "ClinContDurOfCareCont", ["12345", "6.5", "-1", "٣"], ["60", None]
    ),
    case("IDS60704", "CodedAssToolType", ["12345", "7" * 19], ["720433000"]),
    case(
        "IDS20107",
        "CareContDate",
        ["02/04/2025", "2025-02-30", "1889-12-31", "2025-04-02T10:00:00", "2025-4-2"],
        ["2025-04-02"],
    ),
    case(
        "IDS20109",
        "CareContTime",
        ["25:00:00", "9:30", "1900-01-01T09:30:00"],
        ["00:00:00", None],
    ),
    case(
        "IDS00021",
        "DateTimeDatSetCreate",
        ["2025-05-20", "yesterday"],
        ["2025-05-20T09:15:00"],
    ),
    case("IDS00004", "DatSetVer", ["two", "2", "2.1.1"], ["2.1"]),
    case(
        "IDS10132",
        "OnsetDate",
        ["2025-13", "03/2025", "2025-1"],
        ["2025-01", "2025/01", None],
    ),
    case("IDS10142", "OnsetDate", ["2025/01"], ["2025-01"]),
    case(
        "IDSREJ006",
        "NHSNumber",
        ["9990000019", "999000001", "999000001A", "٩٩٩٠٠٠٠٠١٨", "999 000 0018"],
        ["9990000018", " 9990000018 ", "9999999999", None],
    ),
    case(
        "IDSREJ007",
        "Postcode",
        ["ZZ99", "ZZ993VZ", "9Z9 3VZ"],
        ["ZZ99 3VZ", "W1A  1AA", None],
    ),
    case(
        "IDSREJ008",
        "PersonBirthDate",
        ["2025-05-01", "1899-12-30", "1904-04-01"],
        ["1904-04-02", "2025-04-30"],
    ),
    # Looked up.
    case("IDS20128", "AttendOrDNACode", ["9", "1"], ["5", " 5", "05", None]),
    case("IDS20156", "AppType", ["77", "2A"], ["2", "10", "98"]),
    case("IDS10118", "SourceOfReferralIAPT", ["ZZ"], ["N4", "Q1", "A1"]),
    case("IDS20120", "ConsMechanism", ["03"], ["10", "11", "98"]),
    case("IDS10507", "OnwardReferReason", ["42"], ["01", "96"]),
    case("IDS00139", "LanguageCodePreferred", ["xx", "EN", "q6"], ["en", "pl", "q4"]),
    case("IDS00133", "EthnicCategory", ["-1", "T"], ["A", "Z", "99", "A "]),
    case("PARITY-00103", "GenderIdentity", ["7"], ["1"]),
    case("IDS00003", "DatSetVer", ["2.0"], ["2.1"]),
    case("IDS00016", "ReportingPeriodStartDate", ["2025-05-01"], ["2025-04-01"]),
    case("IDS00019", "ReportingPeriodEndDate", ["2025-04-29"], ["2025-04-30"]),
    case("IDS00030", "OrgIDProv", ["ZZ2"], ["ZZ1"]),
    case("IDS00153", "OrgIDLocalPatientId", ["ZZ2"], ["ZZ1"]),
    case(
        "IDS20230",
        "CodeProcAndProcStatus",
        ["304891005", "30489100", "304891004 or so"],
        ["304891004", "304891004:408730004=443390004", None],
    ),
    case("IDS01109", "SocPerCircumstance", ["160549007"], ["160549006"]),
    both(
        "IDS60310",
        [
            {"FindSchemeInUse": "04", "PresComp": "F321"},
            {"FindSchemeInUse": "04", "PresComp": "83482001"},
            {"FindSchemeInUse": "01", "PresComp": "F321234"},
        ],
        [
            {"FindSchemeInUse": "04", "PresComp": "83482000"},
            {"FindSchemeInUse": "01", "PresComp": "F41.1"},
            {"FindSchemeInUse": "01", "PresComp": "CH99"},
        ],
    ),
    both(
        "P21-204",
        [{"DiagSchemeInUse": "06", "PrevDiag": "F320"}],
        [
            {"DiagSchemeInUse": "02", "PrevDiag": "F320"},
            {"DiagSchemeInUse": "06", "PrevDiag": "35489007"},
        ],
    ),
    # Held together.
    both(
        "IDS00117",
        [{"NHSNumberStatus": "07"}],
        [{"NHSNumberStatus": "01"}, {"NHSNumberStatus": "07", "NHSNumber": None}],
    ),
    both(
        "IDS20167",
        [{"AttendOrDNACode": "5", "Cancellation": "N"}],
        [
            {"AttendOrDNACode": "2", "Cancellation": "N"},
            {"Cancellation": None},
            {"AttendOrDNACode": None, "Cancellation": "N"},
        ],
    ),
    both(
        "IDS20214",
        [{"CodeFind": "F321"}, {"CodeFind": "F321", "FindSchemeInUse": "02"}],
        [{"CodeFind": "F321", "FindSchemeInUse": "01"}, {"CodeFind": None}],
    ),
    # Dates.
    case("IDS20108", "CareContDate", ["2025-05-01"], ["2025-04-30"]),
    case("IDS20170", "CareContDate", ["2025-03-31"], ["2025-04-01"]),
    case("IDS20171", "CareContDate", ["2025-03-09"], ["2025-03-10"]),
    case("IDS00211", "StartDateGMPRegistration", ["2025-05-02"], ["2025-05-01"]),
    case("IDS00212", "StartDateGMPRegistration", ["1980-05-16"], ["1980-05-17"]),
    case(
        "IDS10140", "ReferralRequestReceivedDate", ["1980-05-16"], ["1980-05-17", None]
    ),
    case("IDS10141", "OnsetDate", ["1980-04"], ["1980-05", "1980/04"]),
    case("IDS90215", "QualPlannedCompletionDate", ["2027-05-01"], ["2027-04-30"]),
    case("IDS90212", "QualAwardedDate", ["2004-12-31"], ["2005-01-01"]),
    case(
        "P21-200", "AccommodationTypeDate", ["2025-05-01", "1980-05-16"], ["2025-04-30"]
    ),
    case(
        "IDS00027",
        "DateTimeDatSetCreate",
        ["2025-05-20T09:30:01"],
        ["2025-05-20T09:30:00"],
    ),
    both(
        "IDS10128",
        [{"ServDischDate": "2025-03-09"}],
        [{"ServDischDate": "2025-03-10"}, {"ServDischDate": None}],
    ),
    # Scores.
    case("IDS60710", "CodedAssToolType", ["123456789"], ["720433000", CONCEPT]),
    both(
        "IDS60707",
        [
            {"PersScore": "28"},
            {"CodedAssToolType": "747861000000100", "PersScore": "X"},
        ],
        [
            {"PersScore": "27"},
            {"CodedAssToolType": "932621000000100", "PersScore": "9"},
        ],
    ),
    both(
        "IDS60711",
        [
            {"PersScore": "1.5"},
            {"PersScore": "-1"},
            {"PersScore": "100"},
            {"CodedAssToolType": "473355002", "PersScore": "23"},
            {"CodedAssToolType": "747861000000100", "PersScore": "1"},
        ],
        [
            {"PersScore": "7"},
            {"PersScore": " 7"},
            {"CodedAssToolType": "473355002", "PersScore": "2.30"},
            {"CodedAssToolType": "747881000000109", "PersScore": "NA"},
        ],
    ),
]


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.rule_id)
def test_breaking_rows_break_the_rule_and_keeping_rows_do_not(each: Case) -> None:
    table = next(rule.table for rule in load().rules if rule.rule_id == each.rule_id)
    rows = [row(table, **changes) for changes in [*each.breaking, *each.keeping]]
    validation = judged(drawn(**{table: rows}))

    breaking = list(range(1, len(each.breaking) + 1))
    assert broken_rows(validation, each.rule_id) == breaking


def test_every_kind_about_one_row_has_a_case() -> None:
    kinds = {rule.rule_id: rule.kind for rule in load().rules}
    of_other_tests = {
        *("duplicate", "orphan", "no_follow_up", "registration_not_continued"),
        *("organisation", "practice", "live_postcode", "not_checked"),
    }

    assert {kinds[each.rule_id] for each in CASES} == ROW_KINDS.keys() - of_other_tests


def test_the_drawn_submission_breaks_no_rule() -> None:
    validation = judged(drawn())

    assert validation.accepted
    assert validation.failures.is_empty()
