"""The named profiles: what each shows, as data.

A profile is rows of numbers that parity.disclosure.control applies; it holds no code,
so that two profiles cannot differ in anything but what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from parity.disclosure.errors import DisclosureError


@dataclass(frozen=True)
class Treatment:
    """How the cells of a level are shown.

    smallest_shown: a count below it is marked, never shown, and so is everything that
        has it as numerator or stands on it; 0 marks nothing.
    counts_to_nearest: shown counts are rounded to a multiple of it; 1 keeps them exact.
    percentage_decimals, average_decimals: digits after the point.
    """

    smallest_shown: int
    counts_to_nearest: int
    percentage_decimals: int
    average_decimals: int


@dataclass(frozen=True)
class Profile:
    """A named way of protecting cells.

    national_level: the one level that gets the treatment `national`; every other level,
        known to us or not, gets `below`.
    """

    name: str
    national_level: str
    national: Treatment
    below: Treatment


# The rule of NHS England's data quality documents, confirmed on the 2024-25 figures
# below England: 32,157 counts are starred or a multiple of five, the least shown is 5,
# and a percentage is starred exactly when its numerator is. Means and medians: our
# reading, by the same threshold, on the number of pathways behind them.
NHS_PUBLICATION = Profile(
    name="nhs_publication",
    national_level="England",
    national=Treatment(
        smallest_shown=0,
        counts_to_nearest=1,
        percentage_decimals=1,
        average_decimals=1,
    ),
    below=Treatment(
        smallest_shown=5,
        counts_to_nearest=5,
        percentage_decimals=0,
        average_decimals=1,
    ),
)

_PROFILES = {known.name: known for known in (NHS_PUBLICATION,)}


def profile(name: str) -> Profile:
    """The profile of a name. Raises DisclosureError for an unknown name."""
    if name not in _PROFILES:
        known = ", ".join(sorted(_PROFILES))
        raise DisclosureError("unknown_profile", f"the profiles are: {known}")
    return _PROFILES[name]
