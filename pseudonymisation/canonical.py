"""The one canonical form of an NHS number, a postcode and a birth date.

A person must get one pseudonym however a system writes the number, and two people must
never get one. So the clean-up is narrow and written down, and everything else is
refused with a code: nothing is guessed. ASCII digits and letters only: Python and
databases take foreign digits, full-width letters and trailing line ends for digits and
letters too.

    NHS number  spaces (U+0020) go, and hyphens (U+002D) between digits: one before the
                first or behind the last is a sign, and refused; then exactly ten
                digits, the last one right by modulus 11, and no placeholder
    postcode    spaces go, letters become capitals; then the shape of a postcode, with
                one space before the last three characters
    birth date  YYYY-MM-DD, a day of the calendar, and no placeholder

Here for one value; pseudonymisation.canonical_columns does the same for a column.
"""

from __future__ import annotations

import re
from datetime import date

from pseudonymisation.errors import IdentifierRefused

NHS_NUMBER_SHAPE = r"^[0-9]{10}$"
POSTCODE_SHAPE = r"^([A-Za-z]{1,2}[0-9][A-Za-z0-9]?)([0-9][A-Za-z]{2})$"
# Python and polars differ on the year 0000; no living person was born before 1000.
BIRTH_DATE_SHAPE = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$"

# What people type when they have no number. Each is right by modulus 11, so the check
# digit does not stop it: the ten repeated digits, counting up and counting down.
NHS_NUMBER_PLACEHOLDERS = frozenset(
    [digit * 10 for digit in "0123456789"] + ["0123456789", "9876543210"]
)

# What systems store for "not known". Nobody alive was born on these days; 1 January
# 1970 is a real birthday and stays.
BIRTH_DATE_PLACEHOLDERS = frozenset({date(1800, 1, 1), date(1900, 1, 1)})

# Never issued: NHS numbers for tests and made-up data start so.
TEST_RANGE_PREFIX = "999"

_WEIGHTS = range(10, 1, -1)


def nhs_number(text: str) -> str:
    """The ten digits of an NHS number. Raises IdentifierRefused.

    Codes: nhs_number_blank, nhs_number_format, nhs_number_check_digit,
    nhs_number_placeholder.
    """
    digits = text.replace(" ", "").replace("-", "")
    if not digits:
        raise IdentifierRefused("nhs_number_blank", "the NHS number is blank")
    if "-" in _ends(text) or not _matches(NHS_NUMBER_SHAPE, digits):
        raise IdentifierRefused("nhs_number_format", "the NHS number is not ten digits")
    if digits in NHS_NUMBER_PLACEHOLDERS:
        raise IdentifierRefused("nhs_number_placeholder", "the NHS number is made up")
    if not _has_right_check_digit(digits):
        raise IdentifierRefused(
            "nhs_number_check_digit", "the check digit of the NHS number is wrong"
        )
    return digits


def postcode(text: str) -> str:
    """A postcode in capitals with one space. Raises IdentifierRefused.

    Codes: postcode_blank, postcode_format.
    """
    squeezed = text.replace(" ", "")
    if not squeezed:
        raise IdentifierRefused("postcode_blank", "the postcode is blank")
    if not _matches(POSTCODE_SHAPE, squeezed):
        raise IdentifierRefused("postcode_format", "that is no postcode's shape")
    return f"{squeezed[:-3]} {squeezed[-3:]}".upper()


def birth_date(text: str) -> date:
    """The day of birth. Raises IdentifierRefused.

    Codes: birth_date_blank, birth_date_format, birth_date_placeholder.
    """
    if not text:
        raise IdentifierRefused("birth_date_blank", "the birth date is blank")
    day = _day(text) if _matches(BIRTH_DATE_SHAPE, text) else None
    if day is None:
        raise IdentifierRefused(
            "birth_date_format", "the birth date is no day written YYYY-MM-DD"
        )
    if day in BIRTH_DATE_PLACEHOLDERS:
        raise IdentifierRefused("birth_date_placeholder", "the birth date is made up")
    return day


def _ends(text: str) -> str:
    """The first and the last sign that is no space."""
    inner = text.strip(" ")
    return inner[:1] + inner[-1:]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _matches(shape: str, text: str) -> bool:
    # Not re.match: Python's `$` also matches before a trailing line end.
    return re.fullmatch(shape, text) is not None


def _has_right_check_digit(digits: str) -> bool:
    """Modulus 11: a remainder that would need the digit 10 belongs to no number."""
    total = sum(
        weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False)
    )
    return (11 - total % 11) % 11 == int(digits[9])
