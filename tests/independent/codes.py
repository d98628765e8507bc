"""The lists and thresholds that the calculation needs, typed again with their origin.

What belongs here: codes and numbers only. None of them is read from seeds/ or from the
specification, so that a wrong row there shows as a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# NHS Data Dictionary, ATTENDED OR DID NOT ATTEND CODE: seen on time, late but seen.
ATTENDED = {"5", "6"}

# NHS Data Dictionary, IAPT appointment types; the groups follow measures M023 and M031.
TREATMENT_TYPES = {"02", "03", "05"}
ASSESSMENT_TYPES = {"01", "03"}
FOLLOW_UP = "06"

# Measure M099: the one concept of employment support; such contacts are no treatment.
EMPLOYMENT_SUPPORT = "1098051000000103"

# The waiting time standards in days, measures M052 and M054.
SIX_WEEKS = 42
EIGHTEEN_WEEKS = 126

# Measure M076: "at least two treatment sessions".
SESSIONS_OF_A_FINISHED_COURSE = 2


@dataclass(frozen=True)
class Scale:
    """An outcome scale: its range, and when a score is a case or a change is reliable.

    strictly_above: the case value itself is not yet a case (mobility inventory only).
    reliable_change: None where no value is published.
    """

    name: str
    concept: str
    lowest: Decimal
    highest: Decimal
    case_value: Decimal
    reliable_change: Decimal | None
    strictly_above: bool = False


def _scale(
    name: str,
    concept: str,
    highest: str,
    case_value: str,
    reliable_change: str | None,
    strictly_above: bool = False,
) -> Scale:
    change = None if reliable_change is None else Decimal(reliable_change)
    return Scale(
        name,
        concept,
        Decimal(0),
        Decimal(highest),
        Decimal(case_value),
        change,
        strictly_above,
    )


# Concepts and ranges: NHS England's open submission code. Case and reliable change
# values: "A guide to IAPT data and publications v2.1"; where that prints none
# (BIQ, CFQ, PHQ-15) PHQ-9 alone decides change.
PHQ_9 = _scale("PHQ-9", "720433000", "27", "10", "6")
GAD_7 = _scale("GAD-7", "445455005", "21", "8", "4")
MOBILITY_ALONE = _scale(
    "Mobility Inventory (alone)", "473355002", "5", "2.3", "0.73", strictly_above=True
)
SPIN = _scale("SPIN", "445552006", "68", "19", "10")
PDSS = _scale("PDSS", "450326007", "28", "8", "5")
OCI = _scale("OCI", "450324005", "168", "40", "32")
PCL_5 = _scale("PCL-5", "491581000000104", "80", "32", "10")
HAI = _scale("HAI", "446793008", "54", "18", "4")
BIQ = _scale("BIQ", "1128221000000100", "72", "40", None)
IBS_SSS = _scale("IBS-SSS", "1083671000000108", "500", "75", "50")
CFQ = _scale("CFQ", "1077511000000101", "33", "19", None)
PHQ_15 = _scale("PHQ-15", "1065441000000103", "30", "10", None)

SCALES = (
    PHQ_9,
    GAD_7,
    MOBILITY_ALONE,
    SPIN,
    PDSS,
    OCI,
    PCL_5,
    HAI,
    BIQ,
    IBS_SSS,
    CFQ,
    PHQ_15,
)
SCALE_OF_CONCEPT = {scale.concept: scale for scale in SCALES}

# Measure M204 and the v2.1 guide: the problem that asks for a scale of its own. An
# ICD-10 code is known by how it begins, a SNOMED CT concept whole.
SCALE_OF_PROBLEM = {"83482000": BIQ, "723916001": PHQ_15}
SCALE_OF_PROBLEM_GROUP = {
    "F400": MOBILITY_ALONE,
    "F401": SPIN,
    "F410": PDSS,
    "F42": OCI,
    "F431": PCL_5,
    "F452": HAI,
    "G933": CFQ,
    "K58": IBS_SSS,
}

# Annual metadata 2024-25, "Ethnic Group"; Chinese stands under the other groups.
ETHNIC_GROUPS = {
    "white": "ABC",
    "mixed": "DEFG",
    "asian_or_asian_british": "HJKL",
    "black_or_black_british": "MNP",
    "other_ethnic_groups": "RS",
}
ETHNIC_CATEGORIES = "ABCDEFGHJKLMNPRS"

# Annual metadata 2024-25, "Age Group": the last age of each band.
AGE_BANDS = (
    (17, "under_18"),
    (25, "18_to_25"),
    (64, "26_to_64"),
    (74, "65_to_74"),
    (89, "75_to_89"),
)
OLDEST_AGE_BAND = "90_and_over"

# Annual metadata 2024-25, "Gender".
GENDERS = {"1": "male", "2": "female", "9": "indeterminate"}

NOT_STATED = "not_stated"

# Every group of every characteristic: a group without anybody still has its row.
GROUPS = {
    "ethnic_category": [*ETHNIC_CATEGORIES, NOT_STATED],
    "ethnic_group": [*ETHNIC_GROUPS, NOT_STATED],
    "age_band": [*(band for _, band in AGE_BANDS), OLDEST_AGE_BAND, NOT_STATED],
    "gender": [*GENDERS.values(), NOT_STATED],
    "employment_at_start": ["in_work", "off_sick", "not_employed", NOT_STATED],
    "deprivation_decile": [
        *(f"decile_{number:02d}" for number in range(1, 11)),
        NOT_STATED,
    ],
}
