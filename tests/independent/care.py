"""What happened inside one referral: its contacts, its scores, its problem.

What belongs here: everything that needs the two dates of the referral, from the rows
that are known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from . import codes
from .codes import Scale
from .outcomes import Course, scale_for
from .records import Complaint, Employment, Referral, Score


@dataclass(frozen=True)
class Window:
    """From receipt to discharge, or to the period's end while open; both included."""

    first: date
    last: date

    @classmethod
    def of(cls, referral: Referral) -> Window:
        return cls(referral.received, referral.discharged or referral.period_end)

    def holds(self, when: date) -> bool:
        return self.first <= when <= self.last


@dataclass(frozen=True)
class Care:
    """Attended contacts and logs inside the referral. Dates are in order."""

    attended_contacts: int
    treatment_contacts: int
    internet_logs: int
    assessment_dates: list[date]
    treatment_dates: list[date]

    @property
    def contact_count(self) -> int:
        """Attended contacts of any type, and logs (measure M073)."""
        return self.attended_contacts + self.internet_logs

    @property
    def treatment_count(self) -> int:
        """Treatment contacts, and logs (measure M076)."""
        return self.treatment_contacts + self.internet_logs


def care_inside(window: Window, rows: list[Referral]) -> Care:
    """Count the care of a referral. rows: all known rows of it."""
    contacts = [c for row in rows for c in row.contacts if window.holds(c.on)]
    logs = [
        log
        for row in rows
        for log in row.logs
        if window.holds(log.started) and window.holds(log.ended)
    ]
    treatments = [contact for contact in contacts if contact.is_treatment]
    return Care(
        attended_contacts=len(contacts),
        treatment_contacts=len(treatments),
        internet_logs=len(logs),
        assessment_dates=sorted(c.on for c in contacts if c.is_assessment),
        treatment_dates=sorted([c.on for c in treatments] + [g.ended for g in logs]),
    )


@dataclass(frozen=True)
class Running:
    """First and latest scores whatever has become of the referral."""

    phq_first: Decimal | None
    phq_latest: Decimal | None
    scale: Scale
    first: Decimal | None
    latest: Decimal | None


def running_scores(
    window: Window, rows: list[Referral], problem: str | None
) -> Running:
    """PHQ-9, and the scale of the problem when it is paired, otherwise GAD-7."""
    scores = sorted(s for row in rows for s in row.scores if window.holds(s.on))
    scale = codes.GAD_7
    specific = scale_for(problem)
    if specific and _first_and_latest(scores, specific)[1] is not None:
        scale = specific
    return Running(
        *_first_and_latest(scores, codes.PHQ_9),
        scale,
        *_first_and_latest(scores, scale),
    )


def course_of(
    referral: Referral, care: Care, window: Window, rows: list[Referral]
) -> Course:
    """The course as outcomes see it.

    No last score exists before discharge: until then no specific scale is paired, and
    GAD-7 stands.
    """
    is_discharged = referral.discharged is not None
    problem = chosen_problem(rows) if is_discharged else None
    running = running_scores(window, rows, problem)
    return Course(
        is_finished=is_discharged
        and care.treatment_count >= codes.SESSIONS_OF_A_FINISHED_COURSE,
        phq_first=running.phq_first,
        phq_last=running.phq_latest if is_discharged else None,
        adsm=running.scale,
        adsm_first=running.first,
        adsm_last=running.latest if is_discharged else None,
    )


def _first_and_latest(
    scores: list[Score], scale: Scale
) -> tuple[Decimal | None, Decimal | None]:
    """First score of a scale, and the latest where it is another record."""
    values = [score.value for score in scores if score.scale == scale.name]
    if not values:
        return None, None
    return values[0], values[-1] if len(values) > 1 else None


def chosen_problem(rows: list[Referral]) -> str | None:
    """The one presenting complaint of a referral.

    Measure M203: a validated one first, primary before secondary, the latest date, then
    the last row of the latest submission.
    """
    complaints = [complaint for row in rows for complaint in row.complaints]
    return max(complaints, key=_preference).problem if complaints else None


def _preference(complaint: Complaint) -> tuple[bool, int, date, date, int]:
    return (
        complaint.problem is not None,
        {"1": 2, "2": 1}.get(complaint.significance, 0),
        complaint.recorded or date.min,
        complaint.month,
        complaint.position,
    )


def employment_at_start(window: Window, statuses: list[Employment]) -> str:
    """The group of the first employment status recorded inside the referral."""
    inside = [status for status in statuses if window.holds(status.recorded)]
    if not inside:
        return codes.NOT_STATED
    return min(inside, key=lambda s: (s.recorded, s.month, s.position)).group
