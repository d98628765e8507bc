"""The scales that the generator hands out, and the problems they belong to, as data.

What belongs here: concept, range, case value and reliable change value of each scale,
and per problem its codes and starting scores. They are typed here a second time on
purpose. The truth must be independent of `seeds/`: a wrong threshold there would
otherwise be wrong in the same way on both sides, and no test would see it. Source: "A
guide to NHS Talking Therapies data and publications" v2.1 and the PROMs of the annual
report 2024-25 (NHS England).

Scores are whole numbers of the scale's smallest step: hundredths for the mobility
inventory, so that 3.40 - 2.67 is exactly 0.73.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """One scale.

    `case_from` is the lowest score at case level; `reliable` the smallest change that
    counts, None where no value is published. `avoided_scores` and `avoided_change` are
    where printed sources disagree on the comparator (the mobility inventory's 2.3, a
    change of 5 on the PDSS), and `one_reading` marks a scale whose reliable change
    value is not verified: the generator keeps away from what has two readings.
    """

    name: str
    concept: str
    maximum: int
    case_from: int
    reliable: int | None
    mean: float
    deviation: float
    steps_in_one: int = 1
    avoided_scores: frozenset[int] = frozenset()
    avoided_change: int | None = None
    one_reading: bool = False

    def text(self, score: int) -> str:
        """Score as it is sent."""
        if self.steps_in_one == 1:
            return str(score)
        whole, rest = divmod(score, self.steps_in_one)
        return f"{whole}.{rest:02d}"


PHQ_9 = Scale("PHQ-9", "720433000", 27, 10, 6, 14.2, 6.0)
GAD_7 = Scale("GAD-7", "445455005", 21, 8, 4, 12.8, 5.1)
MOBILITY = Scale(
    "Mobility Inventory (alone)",
    "473355002",
    500,
    231,
    73,
    285,
    80,
    steps_in_one=100,
    avoided_scores=frozenset({230}),
)
SPIN = Scale("SPIN", "445552006", 68, 19, 10, 38, 13)
PDSS = Scale("PDSS", "450326007", 28, 8, 5, 13, 5, avoided_change=5)
OCI = Scale("OCI", "450324005", 168, 40, 32, 65, 28)
PCL_5 = Scale("PCL-5", "491581000000104", 80, 32, 10, 48, 14)
HAI = Scale("HAI", "446793008", 54, 18, 4, 28, 8)
BIQ = Scale("BIQ", "1128221000000100", 72, 40, None, 47, 11)
IBS_SSS = Scale("IBS-SSS", "1083671000000108", 500, 75, 50, 220, 90, one_reading=True)
CFQ = Scale("CFQ", "1077511000000101", 33, 19, None, 23, 5)
PHQ_15 = Scale("PHQ-15", "1065441000000103", 30, 10, None, 15, 5)

WSAS_CONCEPTS = (
    "932621000000100",  # work
    "932581000000100",  # home management
    "932611000000106",  # social leisure
    "932591000000103",  # private leisure
    "932601000000109",  # relationships
)
WSAS_HIGHEST = 8
WSAS_WORK, WSAS_WORK_NOT_APPLICABLE = WSAS_CONCEPTS[0], "9"

EXPERIENCE_SATISFACTION = "747891000000106"
EXPERIENCE_TREATMENT = ("747901000000107", "747911000000109", "747921000000103")


@dataclass(frozen=True)
class Problem:
    """One problem: codes, share of finished courses, first scores (mean, SD)."""

    codes: tuple[str, ...]
    share: float
    phq_9: tuple[float, float] = (14.2, 6.0)
    gad_7: tuple[float, float] = (12.9, 5.1)
    scale: Scale = GAD_7
    scheme: str = "01"


UNKNOWN_PROBLEM = "unknown"  # a complaint whose code stands in no list

# Body dysmorphia and the three physical problems are ten to twenty times as many as
# nationally: otherwise a year of three providers would hold none.
PROBLEMS: Mapping[str, Problem] = {
    "depression": Problem(
        ("F320", "F321", "F322", "F330", "F331", "F332"), 43.0, (15.9, 5.5), (13.0, 5.1)
    ),
    "generalised anxiety": Problem(("F411",), 26.3, (12.8, 5.9), (13.7, 4.9)),
    "post-traumatic stress": Problem(("F431",), 6.9, (15.9, 5.9), (14.5, 4.9), PCL_5),
    "other anxiety": Problem(("F419", "F413", "F430", "F432"), 3.2),
    "obsessive-compulsive": Problem(
        ("F420", "F421", "F422", "F429"), 2.7, (11.9, 6.1), (13.5, 5.0), OCI
    ),
    "social anxiety": Problem(("F401",), 2.5, (12.3, 5.9), (12.0, 5.1), SPIN),
    "panic": Problem(("F410",), 2.3, (12.8, 6.4), (13.5, 5.2), PDSS),
    "mixed": Problem(("F412",), 2.2, (15.2, 5.8), (13.9, 5.0)),
    "health anxiety": Problem(("F452",), 1.5, (9.7, 5.9), (12.6, 5.3), HAI),
    "specific phobia": Problem(("F402",), 0.9, (9.4, 6.2), (10.8, 5.8)),
    "agoraphobia": Problem(("F400",), 0.9, (14.3, 6.5), (13.7, 5.2), MOBILITY),
    "other mental health": Problem(("F509", "F451", "F102", "F319"), 0.6),
    "other recorded": Problem(("Z630", "F900"), 0.6),
    "body dysmorphia": Problem(("83482000",), 0.4, scale=BIQ, scheme="04"),
    "irritable bowel": Problem(("K580", "K589"), 0.3, scale=IBS_SSS),
    "chronic fatigue": Problem(("G933",), 0.3, scale=CFQ),
    "unexplained symptoms": Problem(("723916001",), 0.3, scale=PHQ_15, scheme="04"),
}
