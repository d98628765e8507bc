"""Rows about referrals, contacts, logs and scores of one submission.

What belongs here: the tables that hang on ServiceRequestId, CareContactId and
CareActId, and the one of staff. A discharge or a pause that lies after the month is not
known yet.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from parity.synthetic.files import Row, Tables
from parity.synthetic.model import Contact, Pathway
from parity.synthetic.months import month_start

_QUALIFICATIONS = ("10", "10", "11", "11", "11", "12", "17", "30")
_QUALIFIED, _TRAINEES = 8, 2  # the staff table is thinly filled in real files


def add_referral_rows(
    tables: Tables, pathway: Pathway, start: date, end: date, is_primary: bool
) -> None:
    """Add a referral and what repeats with it.

    In a primary file a late discharge of the month itself is not known yet.
    """
    key = {"ServiceRequestId": pathway.service_request_id}
    row = key | {
        "LocalPatientId": pathway.registration.local_id,
        "OrgIDComm": pathway.commissioner,
        "ReferralRequestReceivedDate": pathway.received.isoformat(),
        **pathway.details,
    }
    if pathway.discharged is not None and pathway.discharged <= end:
        is_new = month_start(pathway.discharged) == start
        if not (is_primary and pathway.discharge_is_late and is_new):
            row["EndCode"] = pathway.end_code
            row["ServDischDate"] = pathway.discharged.isoformat()
    tables["IDS101Referral"].append(row)
    tables["IDS602LongTermCondition"] += [
        key | {"FindSchemeInUse": "04", "LongTermCondition": code}
        for code in pathway.conditions
    ]
    tables["IDS603PresentingComplaints"] += [
        key
        | {
            "FindSchemeInUse": complaint.scheme,
            "PresComp": complaint.sent_as or complaint.code,
            "PresCompCodSig": complaint.significance,
            "PresCompDate": complaint.day.isoformat(),
        }
        for complaint in pathway.complaints
        if complaint.day <= end
    ]
    _add_pause(tables, pathway, key, start, end)


def _add_pause(
    tables: Tables, pathway: Pathway, key: Row, start: date, end: date
) -> None:
    """A pause is sent until the month of its end, not later (IDS10811)."""
    if pathway.pause is None:
        return
    begins, ends, reason = pathway.pause
    if begins > end or ends < start:
        return
    row = {
        "PauseID": "1",
        "PauseStartDate": begins.isoformat(),
        "PauseEndDate": ends.isoformat() if ends <= end else "",
        "PauseReason": reason,
    }
    tables["IDS108WaitingTimePauses"].append(key | row)


def add_event_rows(
    tables: Tables, pathway: Pathway, start: date, end: date, is_primary: bool
) -> None:
    """Add what happened in the month itself: contacts, logs, scores, onward referral.

    A primary file holds withdrawn contacts, and not the late ones.
    """
    key = {"ServiceRequestId": pathway.service_request_id}
    contacts = [*pathway.contacts, *pathway.follow_ups]
    if is_primary:
        contacts = [c for c in contacts if not c.is_late] + pathway.withdrawn
    for contact in contacts:
        if start <= contact.day <= end:
            _add_contact(tables, contact, key, is_primary)
    for log in pathway.logs:
        if start <= log.end <= end:
            row = {
                "StartDateIntEnabledTherLog": log.start.isoformat(),
                "EndDateIntEnabledTherLog": log.end.isoformat(),
            }
            tables["IDS205InternetTherLog"].append(key | row | log.details)
    for scores in pathway.referral_scores:
        if start <= scores.day <= end:
            when = {
                "AssToolCompDate": scores.day.isoformat(),
                "AssToolCompTime": scores.time,
            }
            tables["IDS606CodedScoreAssessmentRefer"] += [
                key | score | when for score in _score_rows(scores.scores)
            ]
    if pathway.onward is not None and start <= pathway.onward[0] <= end:
        day, time, reason, receiving = pathway.onward
        row = {
            "OnwardReferDate": day.isoformat(),
            "OnwardReferTime": time,
            "OnwardReferReason": reason,
            "OrgIDReceiving": receiving,
        }
        tables["IDS105OnwardReferral"].append(key | row)


def _add_contact(tables: Tables, contact: Contact, key: Row, is_primary: bool) -> None:
    row = {"CareContactId": contact.contact_id, "CareContDate": contact.day.isoformat()}
    tables["IDS201CareContact"].append(key | row | contact.details)
    length = contact.details.get("ClinContDurOfCareCont", "")
    for activity, therapy in zip(contact.activity_ids, contact.activities, strict=True):
        tables["IDS202CareActivity"].append(
            {
                "CareActId": activity,
                "CareContactId": contact.contact_id,
                "CarePersLocalId": contact.staff,
                "ClinContactDurOfCareAct": length,
                "CodeProcAndProcStatus": therapy,
            }
        )
    scores = contact.scores
    if is_primary and contact.first_sent_scores is not None:
        scores = contact.first_sent_scores
    if scores:
        act = {"CareActId": contact.activity_ids[0]}
        tables["IDS607CodedScoreAssessmentAct"] += [
            act | score for score in _score_rows(scores)
        ]


def _score_rows(scores: Mapping[str, str]) -> list[Row]:
    return [
        {"CodedAssToolType": concept, "PersScore": score}
        for concept, score in sorted(scores.items())
    ]


def add_staff_rows(tables: Tables, staff: list[str], start: date) -> None:
    """Qualifications held, and those that trainees plan for the September to come."""
    for number, code in enumerate(staff[:_QUALIFIED]):
        row = {
            "CarePersLocalId": code,
            "QualAttainLevelIAPT": _QUALIFICATIONS[number % len(_QUALIFICATIONS)],
            "QualAwardedDate": f"{2012 + number % 8}-09-15",
        }
        tables["IDS902CarePersQual"].append(row)
    planned = date((start + timedelta(days=122)).year, 9, 30)
    for code in staff[_QUALIFIED : _QUALIFIED + _TRAINEES]:
        row = {
            "CarePersLocalId": code,
            "QualAttainLevelIAPT": "11",
            "QualPlannedCompletionDate": planned.isoformat(),
        }
        tables["IDS902CarePersQual"].append(row)
