"""Which scores are given when, along a course whose ends are decided.

What belongs here: the steps from a first to a last score, what is left out, and which
scale a pathway is measured by.
"""

from collections.abc import Sequence
from datetime import date

from parity.synthetic import rates
from parity.synthetic.draws import Draws
from parity.synthetic.model import Contact, Outcome, Pathway, ReferralScores
from parity.synthetic.outcomes import specific_scale
from parity.synthetic.scales import (
    EXPERIENCE_SATISFACTION,
    EXPERIENCE_TREATMENT,
    GAD_7,
    PHQ_9,
    PROBLEMS,
    WSAS_CONCEPTS,
    WSAS_HIGHEST,
    Problem,
    Scale,
)

Holder = Contact | ReferralScores
_NOISE = 0.09  # of the maximum: how far a score in between strays from the line (ours)
_FOLLOW_UP_SCORED = 0.6
_FIRST_SKIPPED, _LAST_SKIPPED = 0.07, 0.1


class ScoreGiver:
    """Gives one pathway after the other its scores."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    def give(self, pathway: Pathway) -> None:
        """Fill the scores of the contacts, of the referral and of the follow-ups."""
        points = self._points(pathway)
        outcome = pathway.outcome
        if outcome is None:
            self._give_unfinished(pathway, points)
        elif outcome.pairing == "first only":
            self._give_ends(pathway, outcome, points[:1])
        elif outcome.pairing != "none":
            self._give_ends(pathway, outcome, self._chosen(points))
        for contact in [*pathway.follow_ups, *pathway.contacts]:
            if contact.app_type == "06" and contact.attended:
                self._give_follow_up(contact)
        pathway.referral_scores = [s for s in pathway.referral_scores if s.scores]

    @staticmethod
    def _points(pathway: Pathway) -> list[Holder]:
        """Where scores may stand, by day: no two on one day."""
        contacts = [contact for contact in pathway.contacts if contact.takes_scores]
        return sorted([*contacts, *pathway.referral_scores], key=lambda p: p.day)

    def _chosen(self, points: Sequence[Holder]) -> list[Holder]:
        """Two or more of the points; some in between, and a few ends, are left out."""
        kept = list(points)
        if len(kept) > 2 and self._draws.chance(_FIRST_SKIPPED):
            kept = kept[1:]
        if len(kept) > 2 and self._draws.chance(_LAST_SKIPPED):
            kept = kept[:-1]
        inner = [p for p in kept[1:-1] if self._draws.chance(rates.SESSION_SCORED)]
        return [kept[0], *inner, kept[-1]]

    def _give_ends(
        self, pathway: Pathway, outcome: Outcome, points: Sequence[Holder]
    ) -> None:
        """The decided scores at the ends, steps between them."""
        draws = self._draws
        own = specific_scale(pathway)
        pathway.measure = outcome.measure
        self._along(points, PHQ_9, outcome.phq_first, outcome.phq_last)
        first, last = outcome.measure_first, outcome.measure_last
        if outcome.pairing == "phq only":
            self._functions(points, outcome)
            return
        if outcome.measure is GAD_7:
            self._along(points, GAD_7, first, last, rates.ANXIETY_LEFT_OUT)
            if own is not GAD_7 and pathway.specific == "once":
                self._along(points[:1], own, self._start(own), 0)
        else:
            self._along(points, own, first, last, rates.SPECIFIC_LEFT_OUT)
            level = GAD_7.maximum / own.maximum
            gad = round(first * level), round(last * level)
            self._along(points, GAD_7, *gad, rates.ANXIETY_LEFT_OUT)
        self._functions(points, outcome)
        if draws.chance(rates.EXPERIENCE_QUESTIONNAIRE):
            points[-1].scores[EXPERIENCE_SATISFACTION] = str(draws.whole(2, 4))
            for concept in EXPERIENCE_TREATMENT:
                points[-1].scores[concept] = str(draws.whole(1, 4))

    def _give_unfinished(self, pathway: Pathway, points: Sequence[Holder]) -> None:
        """Scores without a decided end: each a little off the one before."""
        draws = self._draws
        own = specific_scale(pathway)
        problem = PROBLEMS.get(pathway.problem, Problem((), 0))
        kept = [point for point in points if draws.chance(rates.SESSION_SCORED)]
        phq, gad = self._start(PHQ_9, problem.phq_9), self._start(GAD_7, problem.gad_7)
        self._along(kept, PHQ_9, phq, max(phq - 1, 0))
        self._along(kept, GAD_7, gad, gad)
        if own is not GAD_7 and pathway.specific:
            given = kept if pathway.specific == "paired" else kept[:1]
            self._along(given, own, self._start(own), self._start(own))
            if len(given) > 1:
                pathway.measure = own
        for point in kept:
            self._function(point, phq / PHQ_9.maximum)

    def _start(self, scale: Scale, spread: tuple[float, float] | None = None) -> int:
        """A first score of a scale that keeps away from scores with two readings."""
        mean, deviation = spread or (scale.mean, scale.deviation)
        drawn = round(mean + deviation * float(self._draws.generator.standard_normal()))
        score = min(max(drawn, 0), scale.maximum)
        return score + 1 if score in scale.avoided_scores else score

    def _along(
        self,
        points: Sequence[Holder],
        scale: Scale,
        first: int,
        last: int,
        left_out: float = 0.0,
    ) -> None:
        """Scores of one scale at the points, from first to last; a single point gets
        the first. Points in between may be left out."""
        steps = max(len(points) - 1, 1)
        for step, point in enumerate(points):
            is_end = step in (0, len(points) - 1)
            if not is_end and self._draws.chance(left_out):
                continue
            score = first if step == 0 else last
            if not is_end:
                middle = first + (last - first) * step / steps
                noise = float(self._draws.generator.standard_normal()) * _NOISE
                score = round(middle + noise * scale.maximum)
                score = min(max(score, 0), scale.maximum)
            point.scores[scale.concept] = scale.text(score)

    def _functions(self, points: Sequence[Holder], outcome: Outcome) -> None:
        """WSAS along the way, in step with PHQ-9."""
        for step, point in enumerate(points):
            share = step / max(len(points) - 1, 1)
            phq = outcome.phq_first + (outcome.phq_last - outcome.phq_first) * share
            self._function(point, phq / PHQ_9.maximum)

    def _function(self, point: Holder, level: float) -> None:
        """Five WSAS items about a level from 0 to 1."""
        if not self._draws.chance(rates.WSAS_GIVEN):
            return
        for concept in WSAS_CONCEPTS:
            item = round(level * WSAS_HIGHEST + self._draws.uniform() * 4 - 1.6)
            point.scores[concept] = str(min(max(item, 0), WSAS_HIGHEST))

    def _give_follow_up(self, contact: Contact) -> None:
        """Scores of a follow-up, which count for nothing: markedly low ones."""
        if self._draws.chance(_FOLLOW_UP_SCORED):
            contact.scores[PHQ_9.concept] = str(self._draws.whole(0, 4))
            contact.scores[GAD_7.concept] = str(self._draws.whole(0, 3))


def series(pathway: Pathway, scale: Scale) -> list[tuple[date, str]]:
    """Scores given on one scale that count, by day: follow-ups give none."""
    points: list[Holder] = [c for c in pathway.contacts if c.takes_scores]
    points += pathway.referral_scores
    concept = scale.concept
    return sorted((p.day, p.scores[concept]) for p in points if concept in p.scores)
