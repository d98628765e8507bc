"""Rules that look at several rows: twice, below nothing, followed up, fallen with."""

import polars as pl
from drawn_submission import Row, broken_rows, drawn, judged, row

from parity.intake.validation import Validation


def cascades(validation: Validation) -> set[tuple[str, int, str]]:
    """(table, row, the rule that began it) of rows that fell because others fell."""
    fallen = validation.failures.filter("cascade")
    return set(fallen.select("table", "row_number", "cause").iter_rows())


def test_a_key_that_stands_twice_drops_both_rows() -> None:
    contacts = [
        row("IDS201CareContact"),
        row("IDS201CareContact", CareContTime="10:00:00"),
    ]
    validation = judged(drawn(IDS201CareContact=contacts))

    assert broken_rows(validation, "IDS20143") == [1, 2]
    assert validation.kept["IDS201CareContact"].is_empty()
    assert ("IDS202CareActivity", 1, "IDS20143") in cascades(validation)


def test_keys_that_differ_by_a_blank_are_two_keys() -> None:
    contacts = [row("IDS201CareContact"), row("IDS201CareContact", CareContactId="C1 ")]

    assert broken_rows(judged(drawn(IDS201CareContact=contacts)), "IDS20143") == []


def test_a_missing_part_never_makes_a_duplicate_where_the_rule_says_so() -> None:
    statuses = [row("IDS004EmpStatus", EmployStatusRecDate=None)] * 2
    validation = judged(drawn(IDS004EmpStatus=statuses))

    assert broken_rows(validation, "IDS00402") == []
    assert broken_rows(validation, "IDS00440") == [1, 2]


def test_a_missing_time_equals_a_missing_time_where_the_rule_says_so() -> None:
    attended = [row("IDS201CareContact"), row("IDS201CareContact", CareContactId="C2")]
    missed = [
        *attended[:1],
        row("IDS201CareContact", CareContactId="C2", AttendOrDNACode="3"),
    ]

    assert broken_rows(judged(drawn(IDS201CareContact=attended)), "IDS20168") == [1, 2]
    assert broken_rows(judged(drawn(IDS201CareContact=missed)), "IDS20168") == []


def test_one_nhs_number_for_two_people_rejects_the_file() -> None:
    people = [row("IDS001MPI"), row("IDS001MPI", LocalPatientId="P2")]
    validation = judged(drawn(IDS001MPI=people))

    assert broken_rows(validation, "IDSREJ009") == [1, 2]
    assert not validation.accepted
    assert all(rows.is_empty() for rows in validation.kept.values())


def test_two_people_without_nhs_number_share_none() -> None:
    people: list[Row] = [
        row("IDS001MPI", NHSNumber=None),
        row("IDS001MPI", NHSNumber=None, LocalPatientId="P2"),
    ]

    assert broken_rows(judged(drawn(IDS001MPI=people)), "IDSREJ009") == []


def test_a_row_below_nothing_falls_and_so_does_what_hangs_below_it() -> None:
    contacts = [
        row("IDS201CareContact"),
        row("IDS201CareContact", CareContactId="C2", ServiceRequestId="R9"),
    ]
    activities = [
        row("IDS202CareActivity"),
        row("IDS202CareActivity", CareActId="A2", CareContactId="C2"),
    ]
    scores = [row("IDS607CodedScoreAssessmentAct", CareActId="A2")]
    validation = judged(
        drawn(
            IDS201CareContact=contacts,
            IDS202CareActivity=activities,
            IDS607CodedScoreAssessmentAct=scores,
        )
    )

    assert broken_rows(validation, "IDS20142") == [2]
    assert cascades(validation) == {
        ("IDS202CareActivity", 2, "IDS20142"),
        ("IDS607CodedScoreAssessmentAct", 1, "IDS20142"),
    }
    assert validation.kept["IDS201CareContact"].get_column("row_number").to_list() == [
        1
    ]


def test_a_person_falls_with_the_only_referral_and_takes_everything_along() -> None:
    validation = judged(
        drawn(
            IDS101Referral=[
                row("IDS101Referral", ServDischDate="2025-03-09"),
                row("IDS101Referral", ServiceRequestId="R2", LocalPatientId="P2"),
            ]
        )
    )

    causes = {cause for _, _, cause in cascades(validation)}
    assert causes == {"IDS10128"}
    assert ("IDS001MPI", 1, "IDS10128") in cascades(validation)
    assert ("IDS002GP", 1, "IDS10128") in cascades(validation)
    assert ("IDS607CodedScoreAssessmentAct", 1, "IDS10128") in cascades(validation)
    assert broken_rows(validation, "IDS10101") == [2]


def test_a_person_with_a_second_good_referral_stays() -> None:
    referrals = [
        row("IDS101Referral"),
        row("IDS101Referral", ServiceRequestId="R2", ServDischDate="2025-03-09"),
    ]
    validation = judged(drawn(IDS101Referral=referrals))

    assert validation.accepted
    assert validation.kept["IDS001MPI"].height == 1
    assert cascades(validation) == set()


def test_a_person_without_registration_or_referral_falls() -> None:
    people = [row("IDS001MPI"), row("IDS001MPI", LocalPatientId="P2", NHSNumber=None)]
    validation = judged(drawn(IDS001MPI=people))

    assert broken_rows(validation, "IDS00145") == [2]
    assert broken_rows(validation, "IDS00146") == [2]
    assert validation.accepted


def test_a_warning_drops_nothing() -> None:
    validation = judged(drawn(IDS001MPI=[row("IDS001MPI", Gender="7")]))

    assert broken_rows(validation, "IDS00131") == [1]
    assert validation.kept["IDS001MPI"].height == 1


def test_staff_whose_planned_date_has_passed_are_kept() -> None:
    # Ruling 13: the portal would drop them; here the rule warns.
    staff = [
        row(
            "IDS902CarePersQual",
            QualAwardedDate=None,
            QualPlannedCompletionDate="2025-01-01",
        )
    ]
    validation = judged(drawn(IDS902CarePersQual=staff))

    assert broken_rows(validation, "IDS90209") == [1]
    assert validation.kept["IDS902CarePersQual"].height == 1


def test_a_referral_that_ended_before_the_period_needs_news() -> None:
    ended = [row("IDS101Referral", ServDischDate="2025-03-20", EndCode="47")]
    follow_up = [row("IDS201CareContact", AppType="06")]
    questionnaire = [
        row(
            "IDS607CodedScoreAssessmentAct",
            CodedAssToolType="747901000000107",
            PersScore="4",
        )
    ]

    assert broken_rows(judged(drawn(IDS101Referral=ended)), "IDS10129") == [1]
    for news in (
        {"IDS201CareContact": follow_up},
        {"IDS607CodedScoreAssessmentAct": questionnaire},
        {
            "IDS606CodedScoreAssessmentRefer": [
                row(
                    "IDS606CodedScoreAssessmentRefer",
                    CodedAssToolType="747901000000107",
                    PersScore="4",
                )
            ]
        },
    ):
        assert (
            broken_rows(judged(drawn(IDS101Referral=ended, **news)), "IDS10129") == []
        )


def test_an_attended_contact_has_an_accepted_activity() -> None:
    without = judged(drawn(IDS202CareActivity=[], IDS607CodedScoreAssessmentAct=[]))
    fallen = judged(
        drawn(
            IDS202CareActivity=[row("IDS202CareActivity", ClinContactDurOfCareAct="x")]
        )
    )
    missed = judged(
        drawn(
            IDS201CareContact=[row("IDS201CareContact", AttendOrDNACode="3")],
            IDS202CareActivity=[],
            IDS607CodedScoreAssessmentAct=[],
        )
    )

    assert broken_rows(without, "IDS20169") == [1]
    assert broken_rows(fallen, "IDS20169") == [1]
    assert broken_rows(missed, "IDS20169") == []


def test_a_registration_that_ended_is_followed_by_another() -> None:
    ended = row("IDS002GP", EndDateGMPRegistration="2025-04-10")
    next_day = row(
        "IDS002GP", GMPCodeReg="ZZ9902", StartDateGMPRegistration="2025-04-11"
    )
    same_practice = row("IDS002GP", StartDateGMPRegistration="2025-04-11")

    assert broken_rows(judged(drawn(IDS002GP=[ended])), "IDS00223") == [1]
    assert broken_rows(judged(drawn(IDS002GP=[ended, same_practice])), "IDS00223") == [
        1
    ]
    assert broken_rows(judged(drawn(IDS002GP=[ended, next_day])), "IDS00223") == []


def test_kept_rows_have_normal_codes_and_keys_as_sent() -> None:
    contacts = [
        row(
            "IDS201CareContact", CareContactId=" C1", AppType=" 2", AttendOrDNACode="05"
        )
    ]
    activities = [row("IDS202CareActivity", CareContactId=" C1")]
    kept = judged(drawn(IDS201CareContact=contacts, IDS202CareActivity=activities)).kept

    (contact,) = kept["IDS201CareContact"].to_dicts()
    assert contact["CareContactId"] == " C1"
    assert contact["AppType"] == "02"
    assert contact["AttendOrDNACode"] == "5"
    assert kept["IDS201CareContact"].schema["CareContDate"] == pl.String
