"""Single appointments: what a contact looks like once its day is decided."""

from datetime import date, timedelta

from parity.synthetic import rates
from parity.synthetic.draws import Draws
from parity.synthetic.model import Contact

_SATURDAY = 5
_MINUTES = ("00", "15", "30", "45")


def working_day(draws: Draws, day: date) -> date:
    """The day itself, or for a weekend a day of the week that follows."""
    over = day.weekday() - _SATURDAY
    if over < 0:
        return day
    return day + timedelta(days=2 - over + int(draws.pick(rates.WEEKDAY_SHIFT)))


class ContactMaker:
    """Makes the contacts of one referral, all alike in mode and medication."""

    def __init__(
        self, draws: Draws, commissioner: str, sites: tuple[str, ...], staff: list[str]
    ) -> None:
        self._draws = draws
        self._sites = sites
        self._staff = staff
        self._medication = draws.pick(rates.PSYCHOTROPIC)
        self._group = draws.chance(rates.GROUP_COURSE)
        self._couple = draws.chance(rates.COUPLE_COURSE)
        self._always = {
            "OrgIDComm": commissioner,
            "IAPTLTCServiceInd": "Y" if draws.chance(rates.INTEGRATED_SERVICE) else "N",
            "LanguageCodeTreat": draws.pick(rates.TREATMENT_LANGUAGE),
            "InterpreterPresentInd": draws.pick(rates.INTERPRETER),
        }

    def treatment(self, day: date, app_type: str, therapies: list[str]) -> Contact:
        """An attended treatment (02, 03 or 05), planned or, rarely, not."""
        contact = self._attended(day, app_type, therapies)
        contact.is_treatment = True
        contact.takes_scores = True
        if self._draws.chance(rates.UNPLANNED):
            # An unplanned contact carries no attendance code and counts as attended.
            contact.details["PlannedCareContIndicator"] = "N"
            contact.details["AttendOrDNACode"] = ""
        return contact

    def other(self, day: date, app_type: str) -> Contact:
        """An attended assessment (01) or review (04): seen, not treated."""
        contact = self._attended(day, app_type, [""])
        contact.takes_scores = True
        return contact

    def follow_up(self, day: date) -> Contact:
        """An attended follow-up (06): neither treatment nor a source of scores."""
        return self._attended(day, "06", [""])

    def employment_support(self, day: date, therapy: str) -> Contact:
        """An attended contact of employment support, in one of its four shapes.

        Under its own appointment type with or without the concept; under a treatment
        type with the concept; and beside a therapy in one contact. None is treatment.
        """
        concept = rates.EMPLOYMENT_SUPPORT_CONCEPT
        app_type, activities = self._draws.one_of(
            (
                ("10", [concept]),
                ("10", [""]),
                ("02", [concept]),
                ("02", [therapy or rates.LOW_INTENSITY.codes[0], concept]),
            )
        )
        return self._attended(day, app_type, list(activities))

    def missed(self, day: date, app_type: str) -> Contact:
        """A contact that did not happen: no activity, no length."""
        code = self._draws.pick(rates.MISSED)
        details = {
            **self._always,
            "CareContTime": self._time(),
            "PlannedCareContIndicator": "Y",
            "AttendOrDNACode": code,
            # The indicator belongs to a cancellation by the patient alone.
            "Cancellation": "Y" if code == "2" else "",
            "AppType": app_type,
            "ConsMechanism": self._draws.pick(rates.MECHANISM),
        }
        return Contact(day, app_type, False, False, False, details)

    def _attended(self, day: date, app_type: str, activities: list[str]) -> Contact:
        draws = self._draws
        length = draws.pick(rates.DURATION)
        details = {
            **self._always,
            **self._place(),
            **self._mode(),
            "CareContTime": self._time(),
            "PlannedCareContIndicator": "Y",
            "AttendOrDNACode": "6" if draws.chance(rates.LATE_BUT_SEEN) else "5",
            "ClinContDurOfCareCont": length,
            "AppType": app_type,
            "PsychMed": self._medication,
        }
        staff = draws.one_of(self._staff) if draws.chance(rates.STAFF_KNOWN) else ""
        return Contact(day, app_type, True, False, False, details, activities, staff)

    def _time(self) -> str:
        draws = self._draws
        if draws.chance(rates.NO_TIME):
            return ""
        if draws.chance(rates.MIDNIGHT):
            return "00:00:00"
        return f"{draws.pick(rates.HOUR)}:{draws.one_of(_MINUTES)}:00"

    def _place(self) -> dict[str, str]:
        mechanism = self._draws.pick(rates.MECHANISM)
        if mechanism == "01":
            location, site = "B01", self._draws.one_of(self._sites)
        else:
            # R9998 is the national default for a place that is no hospital site.
            location, site = self._draws.pick(rates.LOCATION), "R9998"
        return {
            "ConsMechanism": mechanism,
            "ActLocTypeCode": location,
            "SiteIDOfTreat": site,
        }

    def _mode(self) -> dict[str, str]:
        if self._group:
            return {
                "CareContPatientTherMode": "3",
                "NumGroupTherParticipants": str(self._draws.whole(5, 12)),
                "NumGroupTherFacilitators": str(self._draws.whole(1, 2)),
            }
        return {"CareContPatientTherMode": "2" if self._couple else "1"}
