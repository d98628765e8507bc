"""What the primary file of a month did not know yet, or had wrong.

What belongs here: the differences between a primary and its refresh. The truth is the
refresh; here is decided what the primary lacks (late contacts, late discharges), has
otherwise (scores) or has too much (contacts withdrawn later).
"""

from collections.abc import Iterable
from datetime import date, timedelta

from parity.synthetic import rates
from parity.synthetic.contacts import ContactMaker
from parity.synthetic.draws import Draws
from parity.synthetic.model import Contact, Pathway
from parity.synthetic.pathways import staff_codes
from parity.synthetic.reference import Country
from parity.synthetic.scales import GAD_7, PHQ_9


def decide_differences(
    pathways: Iterable[Pathway], draws: Draws, country: Country, refreshed_until: date
) -> None:
    """Decide them for all days up to the end of the last month with a refresh."""
    for pathway in pathways:
        discharged = pathway.discharged
        if discharged is not None and discharged <= refreshed_until:
            pathway.discharge_is_late = draws.chance(rates.LATE_DISCHARGE)
        for contact in pathway.contacts:
            if contact.day <= refreshed_until:
                _differ(contact, draws)
        if pathway.contacts and draws.chance(rates.WITHDRAWN * len(pathway.contacts)):
            _withdraw(pathway, draws, country, refreshed_until)


def _differ(contact: Contact, draws: Draws) -> None:
    if draws.chance(rates.LATE_CONTACT):
        contact.is_late = True
    elif contact.scores and draws.chance(rates.CORRECTED_SCORES):
        contact.first_sent_scores = {
            concept: _mistyped(concept, score)
            for concept, score in contact.scores.items()
        }


def _mistyped(concept: str, score: str) -> str:
    """PHQ-9 and GAD-7 as first sent: seven too high, or too low near the top."""
    for scale in (PHQ_9, GAD_7):
        if concept == scale.concept:
            number = int(score)
            return str(number + 7 if number + 7 <= scale.maximum else number - 7)
    return score


def _withdraw(
    pathway: Pathway, draws: Draws, country: Country, refreshed_until: date
) -> None:
    """Add a treatment contact that never was: it stands in the primary file alone."""
    taken = {contact.day for contact in pathway.contacts}
    last = min(pathway.discharged or refreshed_until, refreshed_until)
    day = pathway.contacts[0].day + timedelta(days=draws.whole(1, 20))
    if day in taken or day > last:
        return
    maker = ContactMaker(
        draws, pathway.commissioner, country.sites(pathway.provider), staff_codes()
    )
    contact = maker.treatment(day, "02", [draws.pick(rates.LOW_INTENSITY)])
    contact.scores = {PHQ_9.concept: "21", GAD_7.concept: "17"}
    pathway.withdrawn.append(contact)
