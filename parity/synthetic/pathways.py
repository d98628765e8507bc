"""One referral from receipt to discharge: which contacts and logs it comes to.

What belongs here: the decisions about care. Days come from `timeline`, single contacts
from `contacts`, what surrounds the care (complaints, work) from `circumstances`, scores
from `scores`.
"""

from datetime import date, timedelta

from parity.synthetic import rates
from parity.synthetic.circumstances import CircumstanceMaker
from parity.synthetic.contacts import ContactMaker
from parity.synthetic.draws import Draws
from parity.synthetic.model import InternetLog, Pathway, ReferralScores, Registration
from parity.synthetic.months import ONE_DAY
from parity.synthetic.reference import Country
from parity.synthetic.timeline import (
    Days,
    Plan,
    discharge_day,
    follow_up_day,
    treatment_count,
    treatment_days,
)

_FIRST_REFERRAL = 20_000
STAFF_OF_PROVIDER = 24


def staff_codes() -> list[str]:
    """Local identifiers of a provider's staff; the same strings at every provider."""
    return [f"T{n:02d}" for n in range(1, STAFF_OF_PROVIDER + 1)]


class PathwayMaker:
    """Makes pathways whole: what comes after the last month is cut off later."""

    def __init__(self, draws: Draws, country: Country) -> None:
        self._draws = draws
        self._country = country
        self._circumstances = CircumstanceMaker(draws, country)
        self._referrals = dict.fromkeys(country.providers, 0)
        self._staff = staff_codes()

    def ending(self) -> str:
        """How a referral ends: finished, once, seen or not_seen."""
        return self._draws.pick(rates.ENDINGS)

    def make(
        self,
        registration: Registration,
        received: date,
        ending: str,
        plan: Plan,
        problem: str = "",
    ) -> Pathway:
        """A referral with everything that happens in it; `problem` may be given."""
        self._referrals[registration.provider] += 1
        number = _FIRST_REFERRAL + self._referrals[registration.provider]
        pathway = Pathway(
            registration=registration,
            service_request_id=f"R{number}",
            received=received,
            ending=ending,
            commissioner=self._circumstances.commissioner(registration),
            details=self._circumstances.details(registration, received),
        )
        registration.pathways.append(pathway)
        self._care(pathway, plan)
        self._circumstances.surround(pathway, problem)
        return pathway

    def _care(self, pathway: Pathway, plan: Plan) -> None:
        maker = ContactMaker(
            self._draws,
            pathway.commissioner,
            self._country.sites(pathway.provider),
            self._staff,
        )
        days = Days()
        last = self._sessions(pathway, plan, maker, days)
        discharged = discharge_day(self._draws, pathway.received, last, pathway.ending)
        pathway.discharged = discharged
        pathway.end_code = self._draws.pick(rates.END_CODE[pathway.ending])
        self._missed(pathway, maker, days, discharged)
        if pathway.ending in ("finished", "once"):
            self._beside_treatment(pathway, maker, days, discharged)
        if pathway.ending == "finished" and self._draws.chance(rates.FOLLOW_UP):
            day = follow_up_day(self._draws, discharged)
            pathway.follow_ups.append(maker.follow_up(day))
        if pathway.contacts and self._draws.chance(rates.INTAKE_SCORES):
            self._intake(pathway, days)
        pathway.contacts.sort(key=lambda contact: contact.day)
        pathway.referral_scores.sort(key=lambda scores: scores.day)

    def _sessions(
        self, pathway: Pathway, plan: Plan, maker: ContactMaker, days: Days
    ) -> date | None:
        """Add what the referral is seen for; day of the last of it."""
        draws, received = self._draws, pathway.received
        if pathway.ending == "not_seen":
            return None
        count = 1
        if pathway.ending == "finished":
            count = treatment_count(draws, plan)
        sessions = treatment_days(draws, received, plan, count)
        days.taken.update(sessions)
        if pathway.ending == "seen":
            pathway.contacts.append(maker.other(sessions[0], "01"))
            return sessions[0]
        is_internet = (
            pathway.ending == "finished"
            and not plan.is_without_logs
            and draws.chance(rates.INTERNET_COURSE)
        )
        if is_internet:
            sessions = self._internet(pathway, sessions)
        self._treatments(pathway, maker, sessions, days)
        ends = [log.end for log in pathway.logs]
        return max([contact.day for contact in pathway.contacts] + ends)

    def _internet(self, pathway: Pathway, sessions: list[date]) -> list[date]:
        """Turn some treatments into logs; the days that stay treatment contacts."""
        draws = self._draws
        shape = draws.one_of(("contact and log", "two logs", "mixed", "mixed"))
        if shape == "contact and log":
            logs, contacts = sessions[1:2], sessions[:1]
        elif shape == "two logs":
            logs, contacts = sessions[:2], []
        else:
            logs = [day for day in sessions[1:] if draws.chance(0.4)]
            contacts = [day for day in sessions if day not in logs]
        programme = draws.pick(rates.INTERNET_PROGRAMME)
        for end in logs:
            start = max(pathway.received, end - timedelta(days=draws.whole(5, 27)))
            pathway.logs.append(
                InternetLog(
                    start,
                    end,
                    {
                        "IntEnabledTherProg": programme,
                        "DurationIntEnabledTher": str(draws.whole(20, 400)),
                        "CarePersLocalId": draws.one_of(self._staff),
                        "IntegratedSoftwareInd": "Y" if draws.chance(0.5) else "N",
                    },
                )
            )
            # What is filled in on the web page of the programme belongs to no contact.
            pathway.referral_scores.append(ReferralScores(end, "18:30:00"))
        return contacts

    def _treatments(
        self, pathway: Pathway, maker: ContactMaker, sessions: list[date], days: Days
    ) -> None:
        draws = self._draws
        therapies = self._therapies(len(sessions))
        for day, therapy in zip(sessions, therapies, strict=True):
            app_type = draws.pick(rates.LATER_TREATMENT)
            if day == sessions[0]:
                app_type = draws.pick(rates.FIRST_CONTACT)
                if app_type == "01":
                    self._assess_before(pathway, maker, day, days)
                    app_type = "02"
            activities = [therapy]
            if therapy and draws.chance(0.02):
                activities.append(draws.pick(rates.LOW_INTENSITY))
            pathway.contacts.append(maker.treatment(day, app_type, activities))

    def _assess_before(
        self, pathway: Pathway, maker: ContactMaker, treated: date, days: Days
    ) -> None:
        first = pathway.received + (treated - pathway.received) / 3
        day = days.free_between(self._draws, first, treated - ONE_DAY)
        if day is not None:
            pathway.contacts.append(maker.other(day, "01"))

    def _therapies(self, count: int) -> list[str]:
        """A concept for each session: low intensity, then high, or one of them."""
        draws = self._draws
        low, high = draws.pick(rates.LOW_INTENSITY), draws.pick(rates.HIGH_INTENSITY)
        steps = draws.pick(rates.STEPS)
        if steps == "none":
            return [""] * count
        if steps == "both" and count > 1:
            stepped_up = draws.whole(1, count - 1)
            return [low] * stepped_up + [high] * (count - stepped_up)
        return [high if steps == "high" else low] * count

    def _missed(
        self, pathway: Pathway, maker: ContactMaker, days: Days, discharged: date
    ) -> None:
        """Contacts that did not happen: in the gaps, or instead of any other."""
        draws = self._draws
        chances = [rates.MISSED_BEFORE_CONTACT] * len(pathway.contacts)
        if pathway.ending == "not_seen":
            chances = [rates.MISSED_OF_NOT_SEEN, rates.MISSED_OF_NOT_SEEN / 2]
        app_type = "03" if len(pathway.contacts) < 2 else "02"
        for chance in chances:
            if draws.chance(chance):
                day = days.free_between(draws, pathway.received, discharged)
                if day is not None:
                    pathway.contacts.append(maker.missed(day, app_type))

    def _beside_treatment(
        self, pathway: Pathway, maker: ContactMaker, days: Days, discharged: date
    ) -> None:
        """Reviews, early follow-ups and employment support between the treatments."""
        draws = self._draws
        treated = [c.day for c in pathway.contacts if c.is_treatment]
        therapy = pathway.contacts[0].activities[:1] if pathway.contacts else []
        if len(treated) > 2 and draws.chance(rates.REVIEW):
            day = days.free_between(draws, treated[0], treated[-1])
            if day is not None:
                pathway.contacts.append(maker.other(day, "04"))
        if len(treated) > 1 and draws.chance(rates.EARLY_FOLLOW_UP):
            day = days.free_between(draws, treated[-1], discharged)
            if day is not None:
                pathway.contacts.append(maker.follow_up(day))
        if draws.chance(rates.EMPLOYMENT_SUPPORT):
            for _ in range(draws.whole(1, 4)):
                day = days.free_between(draws, pathway.received, discharged)
                if day is not None:
                    concept = therapy[0] if therapy else ""
                    contact = maker.employment_support(day, concept)
                    pathway.contacts.append(contact)

    def _intake(self, pathway: Pathway, days: Days) -> None:
        """Scores of the referral before anybody is seen."""
        first = min(contact.day for contact in pathway.contacts)
        day = days.free_between(self._draws, pathway.received, first - ONE_DAY)
        if day is not None:
            pathway.referral_scores.append(ReferralScores(day, "12:00:00"))
