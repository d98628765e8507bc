"""Rules that reject a file, and rules that cannot be checked."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from drawn_submission import SLOT, broken_rows, drawn, judged, row

from parity.home.reference import Reference
from parity.intake.rules import FILE_KINDS, LATE_KINDS, ROW_KINDS
from parity.intake.slot import Slot
from parity.specification import load


@pytest.fixture
def reference() -> Reference:
    """Two organisations and a site, one of them closed; a practice; two postcodes."""
    organisations = pl.DataFrame(
        {
            "organisation_code": ["ZZ1", "ZZC01", "ZZ101"],
            "organisation_name": ["one", "two", "three"],
            "organisation_type": ["provider", "sub_icb", "site"],
            "parent_code": ["", "", "ZZ1"],
            "valid_from": [date(2020, 4, 1)] * 3,
            "valid_to": [None, date(2025, 3, 31), None],
        }
    )
    return replace(
        Reference.empty(),
        organisations=organisations,
        practices=pl.DataFrame(
            {"practice_code": ["ZZ9901"], "practice_name": [""], "sub_icb_code": [""]}
        ),
        postcodes=pl.DataFrame(
            {"postcode": ["ZZ99 3VZ", "ZZ99 3WZ"], "is_live": [True, False]}
        ),
    )


@pytest.mark.parametrize(
    ("table", "rule_id"),
    [
        ("IDS000Header", "IDSREJ002"),
        ("IDS001MPI", "IDSREJ003"),
        ("IDS101Referral", "IDSREJ004"),
        ("IDS002GP", "IDSREJ005"),
    ],
)
def test_an_empty_table_that_must_have_rows_rejects_the_file(
    table: str, rule_id: str
) -> None:
    validation = judged(drawn(**{table: []}))

    assert broken_rows(validation, rule_id) == [None]
    assert not validation.accepted


def test_what_is_missing_or_not_official_rejects_the_file_and_ends_the_checks() -> None:
    raw = replace(
        drawn(),
        missing_tables=("IDS202CareActivity",),
        missing_columns=(("IDS001MPI", "Gender"),),
        unexpected_tables=2,
        unexpected_columns={"IDS101Referral": 1},
    )
    validation = judged(raw)

    tables = validation.failures.get_column("table").to_list()
    assert tables == [
        "IDS202CareActivity",
        "IDS001MPI",
        "(all tables)",
        "IDS101Referral",
    ]
    assert set(validation.failures.get_column("rule_id")) == {"IDSREJ001"}
    assert "IDS001MPI lacks the column Gender" in validation.details
    assert len(validation.not_checked) == len(load().rules) - 1


def test_a_header_that_breaks_a_rule_rejects_the_file() -> None:
    later = judged(drawn(), slot=Slot("ZZ1", date(2025, 5, 1), "primary"))

    assert broken_rows(later, "IDS00016") == [1]
    assert broken_rows(later, "IDS00019") == [1]
    assert broken_rows(later, "IDSREJ015") == [1]
    # Taken as May, the contact of April lies before the period.
    assert broken_rows(later, "IDS20170") == [1]


def test_a_second_header_row_rejects_the_file() -> None:
    headers = [row("IDS000Header"), row("IDS000Header")]

    assert broken_rows(judged(drawn(IDS000Header=headers)), "IDSREJ015") == [1, 2]


def test_a_header_warning_does_not_reject_the_file(reference: Reference) -> None:
    header = [row("IDS000Header", OrgIDSubmit="ZZ7")]
    validation = judged(drawn(IDS000Header=header), reference=reference)

    assert broken_rows(validation, "IDS00034") == [1]
    assert validation.accepted


def test_a_file_without_anything_of_its_period_is_rejected() -> None:
    referral = row("IDS101Referral", ServDischDate="2025-03-20", EndCode="47")
    nothing = {
        "IDS201CareContact": [],
        "IDS202CareActivity": [],
        "IDS607CodedScoreAssessmentAct": [],
    }

    assert broken_rows(
        judged(drawn(IDS101Referral=[referral], **nothing)), "IDSREJ012"
    ) == [None]
    assert broken_rows(judged(drawn(**nothing)), "IDSREJ012") == []


def test_a_file_of_which_nothing_is_left_is_rejected() -> None:
    validation = judged(drawn(IDS101Referral=[row("IDS101Referral", OrgIDComm=None)]))

    assert broken_rows(validation, "IDSREJ101") == [None]
    assert not validation.accepted


def test_codes_are_looked_up_in_the_reference(reference: Reference) -> None:
    raw = drawn(
        IDS001MPI=[row("IDS001MPI", Postcode="ZZ99 3WZ")],
        IDS002GP=[row("IDS002GP", GMPCodeReg="ZZ9999")],
        IDS201CareContact=[row("IDS201CareContact", SiteIDOfTreat="ZZ1")],
    )
    validation = judged(raw, reference=reference)

    assert broken_rows(validation, "IDS00125") == [1]
    assert broken_rows(validation, "IDS00206") == [1]
    assert broken_rows(validation, "IDS20149") == [1]
    # The commissioner closed on the day before the period.
    assert broken_rows(validation, "IDS10110") == [1]
    assert broken_rows(validation, "IDS00154") == []


def test_codes_of_the_reference_and_default_codes_break_nothing(
    reference: Reference,
) -> None:
    raw = drawn(
        IDS002GP=[row("IDS002GP", GMPCodeReg="V81999")],
        IDS101Referral=[row("IDS101Referral", OrgIDComm="VPP00")],
        IDS201CareContact=[row("IDS201CareContact", SiteIDOfTreat="ZZ101")],
    )
    validation = judged(raw, reference=reference)

    assert validation.failures.is_empty()


def test_rules_without_reference_data_say_that_they_were_not_checked() -> None:
    validation = judged(drawn())

    assert set(validation.not_checked) == {
        *("IDS00033", "IDS00034", "IDS00125", "IDS00154", "IDS00206"),
        *("IDS10110", "IDS10519", "IDS20147", "IDS20149"),
    }
    assert "postcodes" in validation.not_checked["IDS00125"]


def test_every_rule_has_a_kind_that_is_evaluated() -> None:
    known = ROW_KINDS.keys() | FILE_KINDS | LATE_KINDS

    assert {rule.kind for rule in load().rules} <= known
    assert SLOT.name == "ZZ1_2025-04_primary"
