"""One submission after the other: who is in it, in which order, with which keys.

What belongs here: the calendar of what is sent (open referrals repeat, events once, a
discharged referral returns only with a follow-up), and the header.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from parity.specification import load
from parity.synthetic.care_rows import (
    add_event_rows,
    add_referral_rows,
    add_staff_rows,
)
from parity.synthetic.files import Row, Tables
from parity.synthetic.model import Contact, Pathway
from parity.synthetic.months import month_end, month_start, month_text, next_month
from parity.synthetic.pathways import staff_codes
from parity.synthetic.person_rows import add_person_rows

_SORTED_BY = {
    "IDS101Referral": "ServiceRequestId",
    "IDS201CareContact": "CareContactId",
    "IDS202CareActivity": "CareActId",
    "IDS607CodedScoreAssessmentAct": "CareActId",
}


def is_sent(pathway: Pathway, month: date) -> bool:
    """Whether a referral stands in the file of a month (given by its first day)."""
    if pathway.received > month_end(month):
        return False
    if pathway.discharged is None or pathway.discharged >= month:
        return True
    return any(month_start(contact.day) == month for contact in pathway.follow_ups)


def last_sent(pathway: Pathway, last: date) -> date:
    """First day of the last month whose file holds the referral."""
    if pathway.discharged is None:
        return last
    days = [pathway.discharged, *(contact.day for contact in pathway.follow_ups)]
    return month_start(max(days))


def folder_name(provider: str, month: date, kind: str) -> str:
    """Name of a submission: provider, month and kind."""
    return f"{provider}_{month_text(month)}_{kind}"


def number_contacts(pathways: Sequence[Pathway], starts_again: bool) -> None:
    """Give every contact and activity of a provider its identifier, by day.

    `starts_again`: the numbers begin anew each month, as in some real systems, so that
    an identifier means nothing without its month.
    """
    found: list[tuple[date, str, int, Contact]] = []
    for pathway in pathways:
        contacts = [*pathway.contacts, *pathway.follow_ups, *pathway.withdrawn]
        for place, contact in enumerate(contacts):
            found.append((contact.day, pathway.service_request_id, place, contact))
    month, number, activity = None, 0, 0
    for day, _, _, contact in sorted(found, key=lambda item: item[:3]):
        if starts_again and month_start(day) != month:
            month, number, activity = month_start(day), 0, 0
        number += 1
        contact.contact_id = f"C{300_000 + number}"
        first = activity + 1
        activity += len(contact.activities)
        contact.activity_ids = [f"A{500_000 + n}" for n in range(first, activity + 1)]


def build_tables(
    provider: str, pathways: Sequence[Pathway], month: date, kind: str
) -> Tables:
    """All tables of one submission from the pathways of its provider."""
    start, end = month, month_end(month)
    tables: Tables = {name: [] for name in load().tables}
    sent = [pathway for pathway in pathways if is_sent(pathway, month)]
    tables["IDS000Header"].append(_header(provider, month, kind))
    registrations = {p.registration.local_id: p.registration for p in sent}
    for _, registration in sorted(registrations.items()):
        add_person_rows(tables, registration, start, end)
    for pathway in sent:
        add_referral_rows(tables, pathway, start, end, kind == "primary")
        add_event_rows(tables, pathway, start, end, kind == "primary")
    add_staff_rows(tables, staff_codes(), start)
    for name, column in _SORTED_BY.items():
        tables[name].sort(key=lambda row, column=column: row[column])  # type: ignore[misc]
    return tables


def _header(provider: str, month: date, kind: str) -> Row:
    """A primary file is made on the 20th of the next month, a refresh a month later."""
    made = next_month(month) if kind == "primary" else next_month(next_month(month))
    return {
        "DatSetVer": "2.1",
        "OrgIDProv": provider,
        "OrgIDSubmit": provider,
        "PrimSystemInUse": "Parity synthetic",
        "ReportingPeriodStartDate": month.isoformat(),
        "ReportingPeriodEndDate": month_end(month).isoformat(),
        "DateTimeDatSetCreate": f"{(made + timedelta(days=19)).isoformat()}T09:00:00",
    }
