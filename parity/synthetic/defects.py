"""Defects put in on purpose: values to cope with, and rows that rules reject.

What belongs here: what is spoiled and which rule must fire. Spoiled values (low, high)
say the same as before once they are understood, or belong to nothing that counts.
Broken rows (high) are added at the end of their table and never take the place of a
good row, so the truth of the pathways holds for all levels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from parity.synthetic import rates
from parity.synthetic.draws import Draws
from parity.synthetic.files import Row, Tables
from parity.synthetic.model import Complaint, Contact, Pathway
from parity.synthetic.months import ONE_DAY, month_end, next_month
from parity.synthetic.scales import (
    PHQ_9,
    UNKNOWN_PROBLEM,
    WSAS_WORK,
    WSAS_WORK_NOT_APPLICABLE,
)

Defect = tuple[str, int, str]
"""Table, row number in its file (the first row below the header is 1), rule."""

_UNKNOWN_CODE = "CH99"
_WORRY_SCALE = "446517006"  # PSWQ, which the generator gives to nobody


def spoil_values(pathways: Sequence[Pathway], draws: Draws, level: str) -> None:
    """Spoil values of people, complaints, contacts and scores, unless level is none."""
    if level == "none":
        return
    people = {p.registration.person.number: p.registration.person for p in pathways}
    for person in people.values():
        if draws.chance(rates.BLANK_ETHNICITY_DEFECT):
            person.ethnicity = ""
    for pathway in pathways:
        _spoil_complaints(pathway, draws)
        for contact in pathway.contacts:
            _spoil_contact(contact, draws)
        _spoil_scores(pathway, draws)


def _spoil_complaints(pathway: Pathway, draws: Draws) -> None:
    for complaint in pathway.complaints:
        if complaint.scheme == "01" and draws.chance(rates.COMPLAINT_DEFECT):
            code = complaint.code
            dotted = f"{code[:3]}.{code[3:]}"
            complaint.sent_as = draws.one_of((dotted, code.lower(), dotted.lower()))
    if not pathway.complaints and draws.chance(rates.UNKNOWN_COMPLAINT):
        unknown = Complaint(UNKNOWN_PROBLEM, "01", _UNKNOWN_CODE, "1", pathway.received)
        pathway.complaints.append(unknown)


def _spoil_contact(contact: Contact, draws: Draws) -> None:
    """Pad the appointment type with a blank, as systems with numbers do: ' 2'."""
    if draws.chance(rates.PADDING):
        number = contact.details["AppType"].removeprefix("0")
        contact.details["AppType"] = number.rjust(2)
    if WSAS_WORK in contact.scores and draws.chance(rates.WORK_NOT_APPLICABLE):
        contact.scores[WSAS_WORK] = WSAS_WORK_NOT_APPLICABLE


def _spoil_scores(pathway: Pathway, draws: Draws) -> None:
    """Put a few scores out of range: none that is a first or last one of its scale."""
    given = [
        c for c in pathway.contacts if PHQ_9.concept in c.scores and c.takes_scores
    ]
    for contact in given[1:-1]:
        if draws.chance(rates.OUT_OF_RANGE):
            contact.scores[PHQ_9.concept] = str(draws.whole(PHQ_9.maximum + 1, 99))


@dataclass(frozen=True)
class _Broken:
    """A row to add and the rules that must fire on it."""

    table: str
    row: Row
    rules: tuple[str, ...]


def add_broken_rows(tables: Tables, month: date, level: str) -> list[Defect]:
    """Add rows that rules reject to one submission, when level is high.

    Each hangs on the first referral, person or activity of the file or on nothing.
    """
    if level != "high":
        return []
    found: list[Defect] = []
    makers = (_broken_people, _broken_contacts, _broken_care)
    for broken in [row for make in makers for row in make(tables, month)]:
        tables[broken.table].append(broken.row)
        number = len(tables[broken.table])
        found += [(broken.table, number, rule) for rule in broken.rules]
    return found


def _first_referral(tables: Tables) -> Row:
    return {"ServiceRequestId": tables["IDS101Referral"][0]["ServiceRequestId"]}


def _broken_people(tables: Tables, month: date) -> Iterable[_Broken]:
    start, end = month, month_end(month)
    person = tables["IDS001MPI"][0]
    key = {"LocalPatientId": person["LocalPatientId"]}
    alone = person | {"LocalPatientId": "PX1", "NHSNumber": "", "NHSNumberStatus": "07"}
    yield _Broken("IDS001MPI", alone, ("IDS00145", "IDS00146"))
    yield _Broken(
        "IDS002GP",
        key
        | {
            "GMPCodeReg": "V81998",
            "StartDateGMPRegistration": start.isoformat(),
            "EndDateGMPRegistration": (end + ONE_DAY).isoformat(),
        },
        ("IDS00215",),
    )
    yield _Broken(
        "IDS004EmpStatus",
        key | {"EmployStatusRecDate": end.isoformat(), "SickAbsenceInd": "8"},
        ("IDS00405",),
    )
    referral = tables["IDS101Referral"][0] | {"EndCode": "", "ServDischDate": ""}
    yield _Broken(
        "IDS101Referral",
        referral | {"ServiceRequestId": "RX1", "LocalPatientId": "PX2"},
        ("IDS10101",),
    )
    yield _Broken(
        "IDS101Referral",
        referral
        | {
            "ServiceRequestId": "RX2",
            "ReferralRequestReceivedDate": end.isoformat(),
            "EndCode": "50",
            "ServDischDate": start.isoformat(),
        },
        ("IDS10128",),
    )


def _broken_contacts(tables: Tables, month: date) -> Iterable[_Broken]:
    start, end = month, month_end(month)
    contact = _first_referral(tables) | {
        "CareContDate": end.isoformat(),
        "PlannedCareContIndicator": "Y",
        "AttendOrDNACode": "3",
        "IAPTLTCServiceInd": "N",
        "AppType": "02",
    }
    before, after = (start - ONE_DAY).isoformat(), next_month(start).isoformat()
    spoiled = (
        ({"CareContactId": "CX1", "ServiceRequestId": "RX3"}, "IDS20142"),
        ({"CareContactId": "CX2"}, "IDS20143"),
        ({"CareContactId": "CX2"}, "IDS20143"),
        ({"CareContactId": "CX3", "CareContDate": before}, "IDS20170"),
        ({"CareContactId": "CX4", "CareContDate": after}, "IDS20108"),
        ({"CareContactId": "CX5", "AttendOrDNACode": "9"}, "IDS20128"),
        ({"CareContactId": "CX6", "AppType": "77"}, "IDS20156"),
    )
    for change, rule in spoiled:
        yield _Broken("IDS201CareContact", contact | change, (rule,))


def _broken_care(tables: Tables, month: date) -> Iterable[_Broken]:
    start, end, key = month, month_end(month), _first_referral(tables)
    before, after = (start - ONE_DAY).isoformat(), next_month(start).isoformat()
    activity = {"CareActId": "AX1", "CareContactId": "CX7"}
    yield _Broken("IDS202CareActivity", activity, ("IDS20224",))
    log = {
        "StartDateIntEnabledTherLog": end.isoformat(),
        "EndDateIntEnabledTherLog": after,
        "IntEnabledTherProg": "Sleepio",
        "DurationIntEnabledTher": "30",
    }
    yield _Broken("IDS205InternetTherLog", key | log, ("IDS20510",))
    complaint = {"FindSchemeInUse": "01", "PresComp": "F329", "PresCompCodSig": "2"}
    yield _Broken(
        "IDS603PresentingComplaints",
        key | complaint | {"PresCompDate": after},
        ("IDS60314",),
    )
    yield _Broken(
        "IDS603PresentingComplaints",
        complaint | {"ServiceRequestId": "RX3", "PresCompDate": start.isoformat()},
        ("IDS60301",),
    )
    yield from _broken_scores(tables, key, before)


def _broken_scores(tables: Tables, key: Row, before: str) -> Iterable[_Broken]:
    score = {"CodedAssToolType": _WORRY_SCALE, "PersScore": "40"}
    yield _Broken(
        "IDS606CodedScoreAssessmentRefer",
        key | score | {"AssToolCompDate": before},
        ("IDS60618",),
    )
    table = "IDS607CodedScoreAssessmentAct"
    yield _Broken(table, score | {"CareActId": "AX2"}, ("IDS60708",))
    activities = [row["CareActId"] for row in tables["IDS202CareActivity"][:2]]
    for activity in activities[:1]:
        again = score | {"CareActId": activity}
        yield _Broken(table, again, ("IDS60709",))
        yield _Broken(table, again, ("IDS60709",))
    for activity in activities[1:2]:
        letters = {"CareActId": activity, "PersScore": "x1"}
        yield _Broken(table, score | letters, ("IDS60711",))
