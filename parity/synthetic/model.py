"""What the generator decides: people, registrations, pathways, contacts, outcomes.

What belongs here: plain records of decisions. Files and truth are both written from
them, so the truth is what was decided and never what was read back. Days are dates,
codes are text as sent, empty text is "not sent".
"""

from dataclasses import dataclass, field
from datetime import date

from parity.synthetic.scales import GAD_7, Scale


@dataclass
class Home:
    """Where somebody lives: an empty postcode is one that is not known."""

    postcode: str
    decile: str


@dataclass
class Person:
    """Somebody who does not exist.

    `number` is the generator's own; `area` counts sub-ICBs from 0; `is_shared` is true
    for somebody known to two providers.
    """

    number: int
    nhs_number: str
    birth_date: date
    gender: str
    gender_identity: str
    same_at_birth: str
    ethnicity: str
    area: int
    home: Home
    moves_on: date | None
    second_home: Home
    details: dict[str, str]
    disabilities: list[str]
    circumstances: list[str]
    accommodation: tuple[str, str] | None
    previous_diagnosis: str
    overseas: str
    care_cluster: str
    is_shared: bool = False

    def home_on(self, day: date) -> Home:
        """The home on a day."""
        if self.moves_on is not None and day >= self.moves_on:
            return self.second_home
        return self.home


@dataclass
class Registration:
    """A person on the books of one provider.

    `number_from` is the first day of the first month sent with the NHS number, None
    where it is never sent.
    """

    provider: str
    local_id: str
    person: Person
    known_since: date
    number_from: date | None
    no_number_status: str
    practice: str
    practice_since: date
    practice_until: date | None
    next_practice: str
    pathways: list["Pathway"] = field(default_factory=list)


@dataclass
class Contact:
    """One appointment. `attended` and `is_treatment` are decisions, not readings.

    `activities` are therapy concepts, one an activity (empty text: none recorded);
    `scores` maps concept to score as sent, given at the first activity.
    """

    day: date
    app_type: str
    attended: bool
    is_treatment: bool
    takes_scores: bool
    details: dict[str, str]
    activities: list[str] = field(default_factory=list)
    staff: str = ""
    scores: dict[str, str] = field(default_factory=dict)
    contact_id: str = ""
    activity_ids: list[str] = field(default_factory=list)
    is_late: bool = False
    first_sent_scores: dict[str, str] | None = None

    @property
    def is_assessment(self) -> bool:
        """Whether the appointment, if attended, assesses."""
        return self.attended and self.app_type in ("01", "03")


@dataclass
class InternetLog:
    """One log of internet-enabled therapy; it counts on its last day."""

    start: date
    end: date
    details: dict[str, str]


@dataclass
class ReferralScores:
    """Scores tied to the referral, not to an appointment (IDS606)."""

    day: date
    time: str
    scores: dict[str, str] = field(default_factory=dict)


@dataclass
class Complaint:
    """A presenting complaint; `problem` is the generator's name of it.

    `sent_as` is how its code is written in the file where that is not as it should be.
    """

    problem: str
    scheme: str
    code: str
    significance: str
    day: date
    sent_as: str = ""


@dataclass
class Employment:
    """An employment record. `group` is what it was decided to say."""

    day: date
    group: str
    status: str
    sick_absence: str
    details: dict[str, str]
    support_from: date | None = None
    support_until: date | None = None


@dataclass
class Outcome:
    """What becomes of a finished course, decided before any score is given.

    `pairing` is "paired", or how it fails: "first only", "phq only", "none".
    `change` is improved, deteriorated, unchanged, or empty where not assessable.
    PHQ-9 and measure scores are in the scale's smallest steps.
    """

    measure: Scale = GAD_7
    pairing: str = "paired"
    at_caseness: bool = False
    not_at_caseness: bool = False
    recovered: bool = False
    change: str = ""
    phq_first: int = 0
    phq_last: int = 0
    measure_first: int = 0
    measure_last: int = 0


@dataclass
class Pathway:
    """One referral from beginning to end.

    `ending` is finished, once, seen or not_seen: what it comes to when it is not cut
    short by the last month. `discharged` is None while open.
    """

    registration: Registration
    service_request_id: str
    received: date
    ending: str
    commissioner: str
    details: dict[str, str]
    problem: str = ""
    complaints: list[Complaint] = field(default_factory=list)
    employment: list[Employment] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    follow_ups: list[Contact] = field(default_factory=list)
    logs: list[InternetLog] = field(default_factory=list)
    referral_scores: list[ReferralScores] = field(default_factory=list)
    onward: tuple[date, str, str, str] | None = None
    pause: tuple[date, date, str] | None = None
    discharged: date | None = None
    end_code: str = ""
    specific: str = ""
    measure: Scale = GAD_7
    outcome: Outcome | None = None
    note: str = ""
    withdrawn: list[Contact] = field(default_factory=list)
    discharge_is_late: bool = False

    @property
    def provider(self) -> str:
        """Code of the provider."""
        return self.registration.provider

    def cut_after(self, day: date) -> None:
        """Forget what lies after a day: it has not happened yet."""
        self.contacts = [item for item in self.contacts if item.day <= day]
        self.follow_ups = [item for item in self.follow_ups if item.day <= day]
        self.logs = [item for item in self.logs if item.end <= day]
        self.referral_scores = [s for s in self.referral_scores if s.day <= day]
        self.complaints = [item for item in self.complaints if item.day <= day]
        self.employment = [item for item in self.employment if item.day <= day]
        if self.discharged is not None and self.discharged > day:
            self.discharged, self.end_code = None, ""
        if self.onward is not None and self.onward[0] > day:
            self.onward = None
