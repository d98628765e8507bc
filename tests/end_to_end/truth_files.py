"""Truth files: what is true of a pathway, in the words of the national tables.

What belongs here: putting a row of core.fct_referrals, or a pathway of the second
calculation, beside a row of a truth file. Flags there are Y or empty, unknown values
are empty.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from agreement import Rows

# Column of a truth file, and the column of core.fct_referrals that says the same.
COMMON = {
    "ServDischDate": "service_discharge_date",
    "attended_contacts": "attended_care_contact_count",
    "internet_logs": "internet_therapy_log_count",
    "treatment_count": "treatment_care_contact_count",
    "first_treatment_date": "therapy_session_first_date",
    "second_treatment_date": "therapy_session_second_date",
    "last_treatment_date": "therapy_session_last_date",
    "completed": "is_finished_course",
    "phq9_first": "phq_9_first_score",
    "phq9_last": "phq_9_last_score",
    "phq9_latest": "phq_9_latest_score",
    "adsm_first": "running_adsm_first_score",
    "adsm_latest": "running_adsm_latest_score",
    "caseness": "is_at_caseness",
    "not_caseness": "is_not_at_caseness",
    "recovery": "is_recovered",
    "reliable_improvement": "is_reliably_improved",
    "reliable_deterioration": "is_reliably_deteriorated",
    "no_change": "has_no_reliable_change",
    "reliable_recovery": "is_reliably_recovered",
}

# What the generator's truth says beyond the fixtures'.
MADE = COMMON | {
    "ReferralRequestReceivedDate": "referral_request_received_date",
    "last_sent_month": "latest_reporting_month",
    "first_assessment_date": "assessment_first_date",
    "presenting_complaint": "presenting_complaint_code",
    "adsm_national_first": "adsm_first_score",
    "ethnic_category": "ethnic_category_code",
    "gender": "gender_code",
    "deprivation_decile": "deprivation_decile",
    "employment_group_at_start": "employment_group_at_start",
    "commissioner": "sub_icb_code",
}

# The same group in two spellings: the generator writes the code lists' names, the
# warehouse the groups of its equality tables.
_SAME_WORDS = {
    "IN_WORK": "in_work",
    "OFF_SICK": "off_sick",
    "NOT_EMPLOYED": "not_employed",
    "UNKNOWN": "not_stated",
}


def read_truth(path: Path) -> Rows:
    """Rows by provider and service request."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (row["OrgIDProv"], row["ServiceRequestId"]): dict(row)
            for row in csv.DictReader(file)
        }


def told(row: Mapping[str, str], columns: Iterable[str]) -> dict[str, Any]:
    """The columns of a truth row that are compared."""
    words = {name: _comparable(row[name]) for name in columns}
    if "ethnic_category" in words and not words["ethnic_category"]:
        words["ethnic_category"] = Decimal(-1)  # the national value for a missing one
    if "last_sent_month" in words:
        words["last_sent_month"] += "-01"
    return words


def in_truth_words(
    row: Mapping[str, Any], columns: Mapping[str, str]
) -> dict[str, Any]:
    """A row of core.fct_referrals as `told` gives a truth row."""
    words = {
        told_as: _comparable(_text(row[name])) for told_as, name in columns.items()
    }
    contacts = row["treatment_care_contact_count"] - row["internet_therapy_log_count"]
    is_open = row["service_discharge_date"] is None
    has_scale = row["running_adsm_first_score"] is not None
    return words | {
        "treatment_contacts": Decimal(contacts),
        "adsm": row["running_adsm_scale_id"] if has_scale else "",
        "adsm_last": "" if is_open else words["adsm_latest"],
    }


def compared_columns(columns: Iterable[str]) -> list[str]:
    """Every column of `in_truth_words`."""
    return [*columns, "treatment_contacts", "adsm", "adsm_last"]


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    return "Y" if value is True else str(value)


def _comparable(text: str) -> Any:
    """Numbers as numbers, so that 3.40 is 3.4 and decile 01 is decile 1."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return _SAME_WORDS.get(text, text)
