"""How often things happen: the distributions of people and of care, as data.

What belongs here: shares and settings, no function. The figures are national and
public: NHS Talking Therapies annual report 2024-25 (NHS England, Open Government
Licence), and shares over discharged referrals 2019 to 2025 published by The Strategy
Unit. Where a figure is ours, a comment says so. Nothing comes from a patient record.

The codes are typed here, and not read from `seeds/`, on purpose: what the generator
calls true must not depend on the lists that the models are tested with.
"""

from collections.abc import Mapping

from parity.synthetic.draws import Weighted

# --- people ---------------------------------------------------------------------------

AGE_BANDS = Weighted(
    {"16-17": 1.5, "18-25": 19.5, "26-64": 72.1, "65-74": 4.2, "75-89": 2.5, "90-97": 1}
)
"""First and last age in whole years. The oldest are ten times as many as nationally, so
that the band is not empty in a small run."""

GENDER = Weighted({"2": 65.6, "1": 33.0, "9": 0.3, "X": 1.1})
GENDER_IDENTITY: Mapping[str, Weighted] = {
    "1": Weighted({"1": 84, "": 12, "3": 0.8, "2": 0.7, "4": 0.3, "X": 2.2}),
    "2": Weighted({"2": 84, "": 12, "3": 0.8, "1": 0.7, "4": 0.3, "X": 2.2}),
    "9": Weighted({"3": 60, "4": 20, "X": 20}),
    "X": Weighted({"": 60, "X": 40}),
}
SAME_AT_BIRTH = Weighted({"Y": 82, "": 14, "X": 2, "Z": 2})
ETHNICITY = Weighted(
    {
        "A": 66.2, "B": 0.8, "C": 5.6, "D": 1.2, "E": 0.4, "F": 0.7, "G": 1.1,
        "H": 2.5, "J": 2.3, "K": 1.0, "L": 1.8, "M": 1.7, "N": 2.3, "P": 0.5,
        "R": 0.5, "S": 2.4, "Z": 7.4, "99": 0.5, "": 1.0,
    }
)  # fmt: skip
"""Not stated is 8.9 % nationally: refused (Z), not known (99) and not sent together."""
DECILE = Weighted(
    {
        "1": 13.6, "2": 12.5, "3": 11.9, "4": 11.0, "5": 9.9,
        "6": 9.4, "7": 8.5, "8": 8.0, "9": 7.5, "10": 6.6, "": 1.3,
    }
)  # fmt: skip
"""Deprivation decile, 1 = most deprived; empty = no postcode is sent."""
EX_FORCES = Weighted({"03": 82, "02": 2, "05": 1, "UU": 6, "ZZ": 3, "": 6})
LANGUAGE = Weighted(
    {"en": 90, "pl": 1, "ur": 0.8, "pa": 0.6, "bn": 0.5, "ro": 0.4, "ar": 0.3, "": 6.4}
)
EDUCATION_YOUNG = Weighted({"1": 6, "2": 20, "3": 34, "8": 36, "X": 2, "Z": 2})
EDUCATION = Weighted({"8": 45, "": 50, "X": 3, "Z": 2})
RELIGION = Weighted(
    {
        "160552003": 32.1, "160549006": 14.9, "309884000": 3.3, "62458008": 2.1,
        "160545000": 0.6, "366740002": 0.4, "309687009": 0.2, "160543007": 0.2,
        "205141000000101": 0.2, "763896000": 8.0, "": 38.1,
    }
)  # fmt: skip
ORIENTATION = Weighted(
    {"20430005": 62.0, "42035005": 3.9, "76102007": 1.5, "89217008": 0.6, "": 32.0}
)
PERINATAL = 0.02
DISABILITY = Weighted(
    {
        "NN": 56.8, "": 21.1, "ZZ": 7.7, "XX": 4.9, "05": 4.1, "01": 3.1, "04": 2.9,
        "02": 1.3, "08": 0.9, "09": 0.6, "07": 0.3, "03": 0.3, "10": 0.3, "06": 0.1,
    }
)  # fmt: skip
SECOND_DISABILITY = 0.03
ACCOMMODATION = Weighted({"": 80, "01": 8, "03": 5, "07": 3, "12": 2, "13": 2})
SETTLED = Weighted({"Y": 80, "N": 5, "Z": 10, "9": 5})
OVERSEAS = Weighted({"": 97, "A": 2, "B": 0.4, "C": 0.2, "E": 0.2, "F": 0.1, "9": 0.1})
CARE_CLUSTER = Weighted({"": 92, "01": 2, "02": 2, "03": 2.5, "04": 1.3, "05": 0.2})
PREVIOUS_DIAGNOSIS = Weighted(
    {"": 95, "06 35489007": 3, "02 F320": 1.4, "02 F411": 0.6}
)
"""Coding scheme and code."""

NO_NHS_NUMBER = 0.025  # ours: "a few percent"
LATE_NHS_NUMBER = 0.02  # ours: first sent without a number, later with one
NO_NUMBER_STATUS = Weighted({"07": 55, "03": 25, "04": 20})
KNOWN_PERSON = 0.06  # ours: a referral of somebody treated here before
PERSON_FROM_ELSEWHERE = 0.02  # ours: a referral of somebody known to another provider
NEIGHBOURING_AREA = 0.15  # ours: people from the sub-ICB next door
MOVES_HOME = 0.02  # ours
CHANGES_PRACTICE = 0.02  # ours
NO_PRACTICE = Weighted({"": 97, "V81997": 1.5, "V81999": 1.5})

# --- the referral ---------------------------------------------------------------------

SOURCE = Weighted(
    {
        "B1": 67, "A1": 9, "": 4, "A3": 2, "H2": 3, "I2": 2, "A4": 2, "A2": 1,
        "D2": 1.5, "D1": 0.5, "B2": 1, "E3": 0.5, "G4": 1.5, "M7": 2, "N3": 1,
        "M5": 0.5, "M6": 1, "Q1": 0.5,
    }
)  # fmt: skip
"""Self 67 %, general practitioner 9 % of September 2025; the rest is ours."""
PREVIOUS_CONDITION = Weighted({"Y": 38, "N": 36, "U": 10, "Z": 4, "": 12})
NO_ONSET = 0.3
LONG_TERM_CONDITION = Weighted(
    {
        "": 71, "748031000000103": 13.5, "195967001": 4, "73211009": 3,
        "373673007": 3, "928000": 2, "53619000": 1.2, "56265001": 0.9,
        "50043002": 0.6, "84757009": 0.4, "95320005": 0.3, "363346000": 0.1,
    }
)  # fmt: skip
PROBLEM_NOT_RECORDED = {"finished": 0.065, "other": 0.66}
"""46.7 % of all referrals carry none, 6.5 % of finished courses; so two in three of the
others."""
SECOND_COMPLAINT = 0.08  # ours: a secondary one beside the primary
EARLIER_COMPLAINT = 0.04  # ours: an earlier primary one, superseded by date

ENDINGS = Weighted({"finished": 33, "once": 28, "seen": 3, "not_seen": 36})
END_CODE: Mapping[str, Weighted] = {
    "finished": Weighted({"46": 68, "47": 24, "48": 2, "49": 0.2, "96": 1.8, "": 4}),
    "once": Weighted({"47": 46, "11": 14, "14": 13, "13": 10, "12": 8, "46": 5, "": 4}),
    "seen": Weighted({"11": 30, "13": 30, "14": 20, "10": 10, "16": 6, "": 4}),
    "not_seen": Weighted(
        {"50": 56, "14": 20, "13": 8, "95": 6, "11": 5, "16": 1, "": 4}
    ),
}
DISCHARGE_ON_MONTH_EDGE = 0.02  # ours: planted on a month's first or last day

EMPLOYMENT_GROUP = Weighted(
    {"IN_WORK": 55, "OFF_SICK": 7, "NOT_EMPLOYED": 29, "UNKNOWN": 6, "": 3}
)
"""Ours; empty = no employment record is sent."""
NOT_EMPLOYED = Weighted(
    {"02": 30, "03": 22, "04": 20, "05": 10, "06": 4, "07": 2, "08": 12}
)
LATER_EMPLOYMENT_RECORD = 0.3  # ours: asked again at the end of a finished course
EMPLOYMENT_CHANGES, SELF_EMPLOYED = 0.3, 0.1  # ours
EMPLOYMENT_SUPPORT = 0.06  # ours
BENEFIT = Weighted({"N": 70, "Y": 18, "U": 6, "Z": 6})
WAITING_PAUSE = 0.015
ONWARD_REFERRAL = 0.02
PSYCHOTROPIC = Weighted({"02": 42, "03": 46, "01": 4, "UU": 5, "ZZ": 1, "": 2})
INTEGRATED_SERVICE = 0.07

# --- waits ----------------------------------------------------------------------------

SLOW_WAIT = 0.05
FAST_WAIT_MEDIAN, FAST_WAIT_SIGMA = 12.0, 0.8
SLOW_WAIT_MEDIAN, SLOW_WAIT_SIGMA = 75.0, 0.5
"""Days from received to first treatment: two log-normal parts. A sigma of 0.8 gives
81 % in 28 days and 90 % in six weeks, as published (81.4, 91.6)."""
SECOND_WAIT = Weighted({"5-28": 40.1, "29-56": 21.7, "57-90": 14.5, "91-180": 23.7})
"""Days from first to second treatment, first and last of each band."""
LATER_GAP = Weighted({"7": 48, "14": 30, "10": 8, "21": 9, "28": 5})
BOUNDARY_WAITS = (28, 29, 42, 43, 56, 57, 90, 91, 126, 127)
"""Both sides of every limit of the published waiting measures, planted."""
BOUNDARY_SECOND_WAITS = (28, 29, 56, 57, 90, 91)

# --- contacts -------------------------------------------------------------------------

FURTHER_TREATMENTS_MEAN, FURTHER_TREATMENTS_SHAPE, MOST_TREATMENTS = 6.2, 1.6, 24
"""Treatments after the first two of a finished course (8.2 in all, 2023-24)."""
FIRST_CONTACT = Weighted({"03": 82, "01": 12, "02": 6})
"""Assessment with treatment; assessment alone, then treatment; treatment at once."""
LATER_TREATMENT = Weighted({"02": 90, "05": 4, "03": 6})
REVIEW = 0.08  # a review only (04) inside a finished course
MISSED_BEFORE_CONTACT = 0.26  # attended about three in four, with MISSED below
MISSED = Weighted({"2": 42, "3": 42, "4": 14, "7": 2})
MISSED_OF_NOT_SEEN = 0.5
UNPLANNED = 0.012
LATE_BUT_SEEN = 0.05
EARLY_FOLLOW_UP = 0.02  # ours: a follow-up (06) before the discharge
FOLLOW_UP = 0.05  # ours: a follow-up in a month after the discharge
MECHANISM = Weighted(
    {"02": 46, "11": 27, "01": 19, "": 3, "98": 2, "05": 1.5, "10": 1, "09": 0.5}
)
LOCATION = Weighted({"X01": 46, "A01": 20, "": 10, "A04": 12, "B01": 12})
GROUP_COURSE, COUPLE_COURSE = 0.05, 0.01
WEEKDAY_SHIFT = Weighted({"0": 17, "1": 30, "2": 28, "3": 25})
"""Where a weekend's contacts go, Monday to Thursday: gives 19, 23, 22, 21, 15 %."""
HOUR = Weighted(
    {
        "08": 4, "09": 14, "10": 15, "11": 14, "12": 8, "13": 12, "14": 13, "15": 11,
        "16": 6, "17": 3,
    }
)  # fmt: skip
MIDNIGHT, NO_TIME = 0.03, 0.02
"""A start at 00:00 stands for a time that nobody recorded."""
DURATION = Weighted({"30": 25, "35": 15, "45": 20, "50": 20, "60": 20})
INTERPRETER = Weighted({"": 70, "4": 27, "X": 2, "1": 1})
TREATMENT_LANGUAGE = Weighted({"": 60, "en": 39, "pl": 0.5, "ur": 0.5})
STAFF_KNOWN = 0.85
INTERNET_COURSE = 0.06  # of finished courses
INTERNET_PROGRAMME = Weighted(
    {
        "Silvercloud": 60,
        "SLVRCLD GAD": 10,
        "Minddistrict": 12,
        "Sleepio": 8,
        "Own": 10,
    }
)

# --- therapies ------------------------------------------------------------------------

EMPLOYMENT_SUPPORT_CONCEPT = "1098051000000103"
LOW_INTENSITY = Weighted(
    {
        "748051000000105": 164, "702545008": 40, "748041000000107": 14,
        "748101000000105": 9, "748091000000102": 2, "748061000000108": 0.5,
        "1026111000000108": 3, "975131000000104": 1,
    }
)  # fmt: skip
HIGH_INTENSITY = Weighted(
    {
        "304891004": 200, "228557008": 34, "286711000000107": 78, "449030000": 11,
        "443730003": 7, "1129471000000105": 3, "842901000000108": 2, "314034001": 1,
        "933221000000107": 1, "1127281000000100": 0.5, "1026131000000100": 3,
    }
)  # fmt: skip
STEPS = Weighted({"low": 39.9, "both": 38.9, "high": 16.7, "none": 4.5})

# --- scores and outcomes --------------------------------------------------------------

SESSION_SCORED = 0.9
WSAS_GIVEN = 0.85
ANXIETY_LEFT_OUT = 0.02  # a session in between with PHQ-9 alone
SPECIFIC_LEFT_OUT = 0.4  # a session in between without the scale of the problem
INTAKE_SCORES = 0.08  # scores of the referral (IDS606), before the first contact
SPECIFIC_SCALE = Weighted({"paired": 72, "once": 8, "": 20})
"""Whether the scale of the problem is given at first and last, at first, or never."""
EXPERIENCE_QUESTIONNAIRE = 0.15

NOT_AT_CASENESS = (0.029, 0.077)
"""Share of finished courses, from decile 1 to decile 10."""
UNPAIRED = 0.013
UNPAIRED_KIND = Weighted({"first only": 60, "phq only": 30, "none": 10})
RECOVERY_AT_CASENESS = 0.521
"""Of paired courses at caseness; makes 50.5 % of (finished - not at caseness)."""
RECOVERY_BY_DECILE = (0.428 - 0.505, 0.562 - 0.505)
RECOVERY_BY_ETHNICITY: Mapping[str, float] = {
    **dict.fromkeys("ABC", 0.012),
    **dict.fromkeys("DEFG", -0.042),
    **dict.fromkeys("HJKL", -0.054),
    **dict.fromkeys("MNP", 0.0),
    **dict.fromkeys("RS", -0.076),
}
RECOVERY_BY_AGE = ((25, -0.066), (64, 0.005), (74, 0.113), (120, 0.144))
"""Last age of the band and what is added to the share that recovers."""
CHANGE_OF_RECOVERED = Weighted({"improved": 94.1, "unchanged": 5.9})
CHANGE_OF_OTHERS = Weighted({"improved": 48.0, "deteriorated": 11.6, "unchanged": 40.4})
CHANGE_NOT_AT_CASENESS = Weighted(
    {"improved": 11.3, "deteriorated": 9.4, "unchanged": 79.3}
)

# --- refreshes and defects (ours) -----------------------------------------------------

LATE_CONTACT, CORRECTED_SCORES, LATE_DISCHARGE, WITHDRAWN = 0.015, 0.01, 0.03, 0.004
BLANK_ETHNICITY_DEFECT, COMPLAINT_DEFECT, UNKNOWN_COMPLAINT = 0.03, 0.08, 0.02
PADDING, WORK_NOT_APPLICABLE, OUT_OF_RANGE = 0.03, 0.05, 0.004

# --- what goes wrong with identifiers (ours, unless it says otherwise) ----------------

# Of people.
TWIN = 0.03  # national: about three in a hundred births are of twins
TWIN_COMES_TOO = 0.2  # beside one who comes
TWIN_OF_OTHER_GENDER = 0.33  # half of the pairs from two eggs, which two in three are
TWIN_AT_HOME = 0.3  # still at one address
HALL_OF_RESIDENCE = 0.02  # aged 18 to 21, three hundred at one postcode
BIRTHDAY_UNKNOWN = 0.005  # recorded as 1 January
BIRTHDAY_UNKNOWN_NO_NUMBER = 0.2  # of those without a number
MOVES_IN_A_YEAR = 0.1
SECOND_PROVIDER = 0.08
PEOPLE_OF_A_POSTCODE = 1.6  # of those who come at all

# Of registrations with a provider.
REGISTERED_AGAIN = 0.01  # a new local identifier for the same person
IDENTIFIER_USED_AGAIN = 0.002  # one that somebody else had before
NUMBER_COMES_LATE = 0.02
NUMBER_UNTRACED = 0.05  # given, and not verified
NUMBER_OF_SOMEBODY_ELSE = 0.0005  # of another patient, picked by mistake
NUMBER_OF_NOBODY_HERE = 0.0003
NUMBER_OF_THE_TWIN = 0.001  # of registrations of twins
BIRTH_DATE_TYPED_WRONG = 0.005  # half of them are corrected later
POSTCODE_TYPED_WRONG = 0.01
GENDER_RECORDED_OTHERWISE = 0.003

# Of records.
NUMBER_LEFT_OUT = 0.01
NUMBER_TYPED_WRONG = 0.003  # one digit, or two changed places: the check digit sees it
