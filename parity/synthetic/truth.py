"""What is true of every pathway, by construction: the file `pathways.csv`.

What belongs here: the writing down of what was decided. Waits, sessions, last scores,
outcomes and endings were chosen before any submission was made; nothing here reads a
submission, the warehouse, a model, a macro or a seed.

Flags are Y or empty, as in the national tables. While a referral is open its last
scores and its outcome are empty. Its `adsm` is then the scale of the latest scores so
far, as in the fixtures; `adsm_national` is GAD-7, as nothing is paired before the
discharge (ruling 3 of the derivations).
"""

from collections.abc import Sequence
from datetime import date

from parity.synthetic.model import Employment, Outcome, Pathway
from parity.synthetic.months import month_end, month_start, month_text, years_between
from parity.synthetic.outcomes import specific_scale
from parity.synthetic.scales import GAD_7, PHQ_9, UNKNOWN_PROBLEM, Scale
from parity.synthetic.scores import series
from parity.synthetic.submissions import is_sent, last_sent

Truths = dict[str, str]
COLUMNS = (
    "OrgIDProv",
    "ServiceRequestId",
    "LocalPatientId",
    "person_number",
    "nhs_number_known_from",
    "ReferralRequestReceivedDate",
    "ServDischDate",
    "last_sent_month",
    "attended_contacts",
    "treatment_contacts",
    "internet_logs",
    "treatment_count",
    "first_assessment_date",
    "first_treatment_date",
    "second_treatment_date",
    "last_treatment_date",
    "completed",
    "phq9_first",
    "phq9_last",
    "phq9_latest",
    "gad7_first",
    "gad7_last",
    "gad7_latest",
    "presenting_complaint",
    "adsm",
    "adsm_first",
    "adsm_last",
    "adsm_latest",
    "adsm_national",
    "adsm_national_first",
    "caseness",
    "not_caseness",
    "recovery",
    "reliable_improvement",
    "reliable_deterioration",
    "no_change",
    "reliable_recovery",
    "ethnic_category",
    "gender",
    "age_at_last_period_end",
    "deprivation_decile",
    "employment_status_at_start",
    "employment_group_at_start",
    "commissioner",
    "note",
)
"""Columns of pathways.csv; those of the fixtures' truth file keep its names."""


def truth_row(pathway: Pathway, months: Sequence[date]) -> Truths:
    """What is true of one pathway at the end of the last month."""
    return (
        _keys(pathway, months)
        | _care(pathway)
        | _scores(pathway)
        | _flags(pathway)
        | _groups(pathway, last_sent(pathway, months[-1]))
        | {"note": pathway.note}
    )


def _keys(pathway: Pathway, months: Sequence[date]) -> Truths:
    registration = pathway.registration
    return {
        "OrgIDProv": pathway.provider,
        "ServiceRequestId": pathway.service_request_id,
        "LocalPatientId": registration.local_id,
        "person_number": str(registration.person.number),
        "nhs_number_known_from": _known_from(pathway, months),
        "ReferralRequestReceivedDate": pathway.received.isoformat(),
        "ServDischDate": _text(pathway.discharged),
        "last_sent_month": month_text(last_sent(pathway, months[-1])),
    }


def _known_from(pathway: Pathway, months: Sequence[date]) -> str:
    """First month whose file of this provider holds the person's NHS number."""
    registration = pathway.registration
    start = registration.number_from
    if start is None:
        return ""
    for month in months:
        sent = any(is_sent(other, month) for other in registration.pathways)
        if sent and month >= start:
            return month_text(month)
    return ""


def _care(pathway: Pathway) -> Truths:
    attended = [c for c in pathway.contacts if c.attended]
    treated = [c.day for c in attended if c.is_treatment]
    logged = [log.end for log in pathway.logs]
    days = sorted(treated + logged)
    assessed = sorted(c.day for c in attended if c.is_assessment)
    return {
        "attended_contacts": str(len(attended)),
        "treatment_contacts": str(len(treated)),
        "internet_logs": str(len(logged)),
        "treatment_count": str(len(days)),
        "first_assessment_date": _text(assessed[0] if assessed else None),
        "first_treatment_date": _text(days[0] if days else None),
        "second_treatment_date": _text(days[1] if len(days) > 1 else None),
        "last_treatment_date": _text(days[-1] if days else None),
        "completed": _flag(is_finished(pathway)),
    }


def is_finished(pathway: Pathway) -> bool:
    """Whether the course was decided to finish, and has done so by now."""
    return pathway.ending == "finished" and pathway.discharged is not None


def _scores(pathway: Pathway) -> Truths:
    is_open = pathway.discharged is None
    measure = _measure_so_far(pathway) if is_open else pathway.measure
    phq = _ends(pathway, PHQ_9, is_open)
    gad = _ends(pathway, GAD_7, is_open)
    own = _ends(pathway, measure, is_open)
    national, first = (GAD_7, gad[0]) if is_open else (measure, own[0])
    return {
        **dict(zip(("phq9_first", "phq9_last", "phq9_latest"), phq, strict=True)),
        **dict(zip(("gad7_first", "gad7_last", "gad7_latest"), gad, strict=True)),
        **dict(zip(("adsm_first", "adsm_last", "adsm_latest"), own, strict=True)),
        "adsm": measure.name if own[0] else "",
        "adsm_national": national.name if first else "",
        "adsm_national_first": first,
    }


def _measure_so_far(pathway: Pathway) -> Scale:
    """The scale of the recorded problem once it was given twice, else GAD-7."""
    scale = specific_scale(pathway) if pathway.complaints else GAD_7
    return scale if len(series(pathway, scale)) > 1 else GAD_7


def _ends(pathway: Pathway, scale: Scale, is_open: bool) -> tuple[str, str, str]:
    """First, last (two records and a discharge) and latest (two records) score."""
    given = [score for _, score in series(pathway, scale)]
    first = given[0] if given else ""
    latest = given[-1] if len(given) > 1 else ""
    return first, "" if is_open else latest, latest


def _flags(pathway: Pathway) -> Truths:
    """The decided outcome, for a finished course; else nothing."""
    finished = is_finished(pathway) and pathway.outcome is not None
    outcome = pathway.outcome if finished and pathway.outcome else Outcome()
    improved = outcome.change == "improved"
    return {
        "caseness": _flag(outcome.at_caseness),
        "not_caseness": _flag(outcome.not_at_caseness),
        "recovery": _flag(outcome.recovered),
        "reliable_improvement": _flag(improved),
        "reliable_deterioration": _flag(outcome.change == "deteriorated"),
        "no_change": _flag(outcome.change == "unchanged"),
        "reliable_recovery": _flag(outcome.recovered and improved),
    }


def _groups(pathway: Pathway, last: date) -> Truths:
    """Group codes as in the last file that holds the referral."""
    person = pathway.registration.person
    end = month_end(month_start(last))
    start = pathway.employment[0] if pathway.employment else None
    return {
        "presenting_complaint": _complaint(pathway),
        "ethnic_category": person.ethnicity,
        "gender": person.gender,
        "age_at_last_period_end": str(years_between(person.birth_date, end)),
        "deprivation_decile": person.home_on(end).decile,
        "employment_status_at_start": start.status if start else "",
        "employment_group_at_start": _group(start),
        "commissioner": pathway.commissioner,
    }


def _complaint(pathway: Pathway) -> str:
    """Code of the complaint that counts: empty while none, -3 where no list has it.

    The one that counts stands first; one that it supersedes counts until then.
    """
    for complaint in pathway.complaints:
        if complaint.problem == UNKNOWN_PROBLEM:
            return "-3"
        if complaint.significance == "1":
            return complaint.code
    return ""


def _group(record: Employment | None) -> str:
    return record.group if record else "UNKNOWN"


def _flag(value: bool) -> str:
    return "Y" if value else ""


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
