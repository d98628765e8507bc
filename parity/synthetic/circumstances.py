"""What surrounds the care: source, complaints, work, long-term conditions, pauses."""

from datetime import date, timedelta

from parity.synthetic import rates
from parity.synthetic.draws import Draws, Weighted
from parity.synthetic.model import Complaint, Employment, Pathway, Registration
from parity.synthetic.months import ONE_DAY, month_text
from parity.synthetic.reference import Country
from parity.synthetic.scales import GAD_7, PROBLEMS

_PROBLEM = Weighted({name: problem.share for name, problem in PROBLEMS.items()})
_OTHER_COMMISSIONER = 0.02  # ours: paid for by an area that is not the person's own


class CircumstanceMaker:
    """Adds to a referral what is known about its person at the time."""

    def __init__(self, draws: Draws, country: Country) -> None:
        self._draws = draws
        self._country = country

    def commissioner(self, registration: Registration) -> str:
        """The sub-ICB that pays: nearly always that of the person's home."""
        areas = self._country.areas
        if self._draws.chance(_OTHER_COMMISSIONER):
            return self._draws.one_of(areas)
        return areas[registration.person.area]

    def details(self, registration: Registration, received: date) -> dict[str, str]:
        """The other columns of the referral."""
        draws = self._draws
        earliest = max(registration.person.birth_date, received - timedelta(days=2500))
        onset = month_text(draws.day_between(earliest, received))
        return {
            "SourceOfReferralIAPT": draws.pick(rates.SOURCE),
            "OnsetDate": "" if draws.chance(rates.NO_ONSET) else onset,
            "PrevDiagCondInd": draws.pick(rates.PREVIOUS_CONDITION),
        }

    def surround(self, pathway: Pathway, problem: str) -> None:
        """Add complaints, employment, conditions, an onward referral, a pause."""
        self._complaints(pathway, problem)
        self._employment(pathway)
        condition = self._draws.pick(rates.LONG_TERM_CONDITION)
        pathway.conditions = [condition] if condition else []
        self._onward(pathway)
        self._pause(pathway)

    def _complaints(self, pathway: Pathway, problem: str) -> None:
        """The complaint that counts, perhaps with one beside and one before it.

        `problem` is what the referral is about, as long as that is recorded.
        """
        draws = self._draws
        kind = "finished" if pathway.ending == "finished" else "other"
        if not problem:
            if draws.chance(rates.PROBLEM_NOT_RECORDED[kind]):
                return
            problem = draws.pick(_PROBLEM)
        seen = [contact.day for contact in pathway.contacts if contact.attended]
        day = min(seen, default=pathway.received)
        pathway.problem = problem
        pathway.complaints.append(self._complaint(problem, "1", day))
        if draws.chance(rates.SECOND_COMPLAINT):
            self._other_complaint(pathway, "2", day)
        if day > pathway.received and draws.chance(rates.EARLIER_COMPLAINT):
            self._other_complaint(pathway, "1", pathway.received)
        if PROBLEMS[problem].scale is not GAD_7:
            pathway.specific = draws.pick(rates.SPECIFIC_SCALE)

    def _other_complaint(self, pathway: Pathway, significance: str, day: date) -> None:
        problem = self._draws.pick(_PROBLEM)
        if problem != pathway.problem:
            pathway.complaints.append(self._complaint(problem, significance, day))

    def _complaint(self, name: str, significance: str, day: date) -> Complaint:
        problem = PROBLEMS[name]
        code = self._draws.one_of(problem.codes)
        return Complaint(name, problem.scheme, code, significance, day)

    def _employment(self, pathway: Pathway) -> None:
        """A record at the start, and for some another one near the end."""
        draws = self._draws
        group = draws.pick(rates.EMPLOYMENT_GROUP)
        if not group:
            return
        first = self._record(group, pathway.received)
        pathway.employment.append(first)
        support = [c.day for c in pathway.contacts if self._is_support(c.activities)]
        if support:
            first.support_from, first.support_until = min(support), max(support)
        last = max((c.day for c in pathway.contacts if c.attended), default=None)
        if last is None or last <= pathway.received:
            return
        if draws.chance(rates.LATER_EMPLOYMENT_RECORD):
            changed = draws.chance(rates.EMPLOYMENT_CHANGES)
            later = draws.pick(rates.EMPLOYMENT_GROUP) if changed else group
            pathway.employment.append(self._record(later or group, last))

    @staticmethod
    def _is_support(activities: list[str]) -> bool:
        return rates.EMPLOYMENT_SUPPORT_CONCEPT in activities

    def _record(self, group: str, day: date) -> Employment:
        draws = self._draws
        status, absence = self._codes(group)
        is_working = status == "01"
        hours = draws.one_of(("01", "01", "02", "03")) if is_working else "98"
        self_employed = "Y" if draws.chance(rates.SELF_EMPLOYED) else "N"
        benefit = draws.pick(rates.BENEFIT)
        return Employment(
            day,
            group,
            status,
            absence,
            {
                "WeekHoursWorked": hours,
                "SelfEmployInd": self_employed if is_working else "8",
                "SSPInd": "Y" if absence == "Y" and draws.chance(0.6) else "N",
                "BenefitRecInd": benefit,
                "ESAInd": "N",
                "UCInd": "Y" if benefit == "Y" else "N",
                "PIPInd": "N",
            },
        )

    def _codes(self, group: str) -> tuple[str, str]:
        """Employment status and sickness absence that say this group, and no other."""
        if group == "IN_WORK":
            return "01", "N"
        if group == "OFF_SICK":
            return "01", "Y"
        other = self._draws.pick(rates.NOT_EMPLOYED)
        if group == "NOT_EMPLOYED":
            return other, "8"
        return self._draws.one_of((("ZZ", "Z"), ("01", "X"), ("01", ""), (other, "N")))

    def _onward(self, pathway: Pathway) -> None:
        draws = self._draws
        if draws.chance(rates.ONWARD_REFERRAL) and pathway.discharged is not None:
            day = draws.day_between(pathway.received, pathway.discharged)
            time = "" if draws.chance(0.28) else "11:20:00"
            receiving = draws.one_of(self._country.providers)
            reason = draws.one_of(("01", "04", "05", "96"))
            pathway.onward = (day, time, reason, receiving)

    def _pause(self, pathway: Pathway) -> None:
        draws = self._draws
        if draws.chance(rates.WAITING_PAUSE):
            start = pathway.received + ONE_DAY * draws.whole(1, 20)
            end = start + ONE_DAY * draws.whole(5, 40)
            pathway.pause = (start, end, draws.one_of(("01", "02", "03")))
