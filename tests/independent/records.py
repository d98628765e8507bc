"""A submission's rows gathered by referral: contacts, logs, scores, complaints.

What belongs here: reading each kind of row with the rule of that kind (attended,
treatment, a score's number), before any question of dates inside a referral.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation

from . import codes
from .joining import Joining
from .people import Described, Person, Reference, describe
from .submissions import Row, Submission, clock, code, day, needed_day


@dataclass(frozen=True)
class Contact:
    """An attended contact."""

    on: date
    is_treatment: bool
    is_assessment: bool


@dataclass(frozen=True)
class Log:
    """A log of internet enabled therapy; it counts by its end date."""

    started: date
    ended: date


@dataclass(frozen=True, order=True)
class Score:
    """A usable score; sorts by date, time, table and place in the file.

    Which of the two tables comes first within one moment is not published: the
    referral's own (606) does, as its number is lower.
    """

    on: date
    at: time
    table: int
    position: int
    scale: str = field(compare=False)
    value: Decimal = field(compare=False)


@dataclass(frozen=True)
class Complaint:
    """A presenting complaint with what decides which one is chosen."""

    problem: str | None
    significance: str
    recorded: date | None
    month: date
    position: int


@dataclass(frozen=True)
class Employment:
    """An employment status; sorts by the date it was recorded, then by arrival."""

    recorded: date
    month: date
    position: int
    group: str


@dataclass
class Referral:
    """A referral as one submission states it, with everything below it."""

    provider: str
    month: date
    period_end: date
    service_request: str
    described: Described
    commissioner: str
    received: date
    discharged: date | None
    contacts: list[Contact] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    @property
    def person(self) -> Person:
        return self.described.person

    @property
    def joined(self) -> Person:
        return self.described.joined


@dataclass
class Records:
    """A submission, gathered."""

    submission: Submission
    referrals: list[Referral]
    employment: dict[Person, list[Employment]]
    joined_employment: dict[Person, list[Employment]]


def gather(submission: Submission, reference: Reference, joining: Joining) -> Records:
    """Hang every row of a submission on its referral or person."""
    people = {
        row["LocalPatientId"]: describe(
            submission, row, reference, joining.person(submission, row)
        )
        for row in submission.tables["IDS001MPI"]
    }
    referrals = {
        row["ServiceRequestId"]: _referral(submission, row, people)
        for row in submission.tables["IDS101Referral"]
    }
    _add_contacts(submission, referrals)
    _add_logs(submission, referrals)
    _add_scores(submission, referrals)
    _add_complaints(submission, referrals)
    employment, joined_employment = _employment(submission, people)
    return Records(submission, list(referrals.values()), employment, joined_employment)


def _referral(
    submission: Submission, row: Row, people: dict[str, Described]
) -> Referral:
    return Referral(
        provider=submission.provider,
        month=submission.period_start,
        period_end=submission.period_end,
        service_request=row["ServiceRequestId"],
        described=people[row["LocalPatientId"]],
        commissioner=code(row, "OrgIDComm"),
        received=needed_day(row, "ReferralRequestReceivedDate"),
        discharged=day(row, "ServDischDate"),
    )


def is_attended(contact: Row) -> bool:
    """Seen, or unplanned: an unplanned contact carries no attendance code."""
    seen = code(contact, "AttendOrDNACode").lstrip("0") in codes.ATTENDED
    return seen or code(contact, "PlannedCareContIndicator") == "N"


def appointment_type(contact: Row) -> str:
    """The type in two digits: suppliers pad it in several ways."""
    return code(contact, "AppType").zfill(2)


def _add_contacts(submission: Submission, referrals: dict[str, Referral]) -> None:
    employment_support = {
        activity["CareContactId"]
        for activity in submission.tables["IDS202CareActivity"]
        if code(activity, "CodeProcAndProcStatus") == codes.EMPLOYMENT_SUPPORT
    }
    for row in submission.tables["IDS201CareContact"]:
        if not is_attended(row):
            continue
        kind = appointment_type(row)
        supports_employment = row["CareContactId"] in employment_support
        referrals[row["ServiceRequestId"]].contacts.append(
            Contact(
                on=needed_day(row, "CareContDate"),
                is_treatment=kind in codes.TREATMENT_TYPES and not supports_employment,
                is_assessment=kind in codes.ASSESSMENT_TYPES,
            )
        )


def _add_logs(submission: Submission, referrals: dict[str, Referral]) -> None:
    for row in submission.tables["IDS205InternetTherLog"]:
        referrals[row["ServiceRequestId"]].logs.append(
            Log(
                needed_day(row, "StartDateIntEnabledTherLog"),
                needed_day(row, "EndDateIntEnabledTherLog"),
            )
        )


def _add_scores(submission: Submission, referrals: dict[str, Referral]) -> None:
    for position, row in enumerate(
        submission.tables["IDS606CodedScoreAssessmentRefer"], start=1
    ):
        moment = needed_day(row, "AssToolCompDate"), clock(row, "AssToolCompTime")
        _add_score(referrals[row["ServiceRequestId"]], row, moment, 606, position)

    contacts = {
        row["CareContactId"]: row for row in submission.tables["IDS201CareContact"]
    }
    contact_of_activity = {
        row["CareActId"]: contacts[row["CareContactId"]]
        for row in submission.tables["IDS202CareActivity"]
    }
    for position, row in enumerate(
        submission.tables["IDS607CodedScoreAssessmentAct"], start=1
    ):
        contact = contact_of_activity[row["CareActId"]]
        # A missed contact and a follow-up after the end of treatment give no score.
        if not is_attended(contact) or appointment_type(contact) == codes.FOLLOW_UP:
            continue
        moment = needed_day(contact, "CareContDate"), clock(contact, "CareContTime")
        _add_score(referrals[contact["ServiceRequestId"]], row, moment, 607, position)


def _add_score(
    referral: Referral, row: Row, moment: tuple[date, time], table: int, position: int
) -> None:
    scale = codes.SCALE_OF_CONCEPT.get(code(row, "CodedAssToolType"))
    if scale is None:
        return
    try:
        value = Decimal(code(row, "PersScore"))
    except InvalidOperation:
        return
    if scale.lowest <= value <= scale.highest:
        referral.scores.append(Score(*moment, table, position, scale.name, value))


def _add_complaints(submission: Submission, referrals: dict[str, Referral]) -> None:
    for position, row in enumerate(
        submission.tables["IDS603PresentingComplaints"], start=1
    ):
        referrals[row["ServiceRequestId"]].complaints.append(
            Complaint(
                problem=validated_problem(
                    code(row, "FindSchemeInUse"), code(row, "PresComp")
                ),
                significance=code(row, "PresCompCodSig"),
                recorded=day(row, "PresCompDate"),
                month=submission.period_start,
                position=position,
            )
        )


def validated_problem(scheme: str, sent: str) -> str | None:
    """The national Validated_PresentingComplaint: a code, -3 when invalid, or None."""
    if not scheme or not sent:
        return None
    if scheme == "04":
        return sent
    if scheme != "01":
        return "-3"
    letters = "".join(c for c in sent.upper() if c.isascii() and c.isalnum())
    # The ICD-10 list itself needs a licence; its form is a letter and two digits first.
    has_form = len(letters) >= 3 and letters[0].isalpha() and letters[1].isdigit()
    return letters if has_form else "-3"


def _employment(
    submission: Submission, people: dict[str, Described]
) -> tuple[dict[Person, list[Employment]], dict[Person, list[Employment]]]:
    """By the person as known nationally, and by the joined person."""
    national: dict[Person, list[Employment]] = defaultdict(list)
    joined: dict[Person, list[Employment]] = defaultdict(list)
    for position, row in enumerate(submission.tables["IDS004EmpStatus"], start=1):
        recorded = day(row, "EmployStatusRecDate")
        if recorded is None or not code(row, "EmployStatus"):
            continue
        employment = Employment(
            recorded, submission.period_start, position, _employment_group(row)
        )
        described = people[row["LocalPatientId"]]
        national[described.person].append(employment)
        joined[described.joined].append(employment)
    return dict(national), dict(joined)


def _employment_group(row: Row) -> str:
    """The programme's partition: the absence code has to agree with the status."""
    status = code(row, "EmployStatus").zfill(2)
    absence = code(row, "SickAbsenceInd")
    if status == "01" and absence == "N":
        return "in_work"
    if status == "01" and absence == "Y":
        return "off_sick"
    if "02" <= status <= "08" and absence == "8":
        return "not_employed"
    return codes.NOT_STATED
