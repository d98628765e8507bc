"""Disclosure control: the one gate between exact counts and anything that leaves.

`protect` turns exact cells into publishable ones under a named profile. What it returns
is a type of its own, `Protected`, and the writer of publications takes nothing else.
Pure functions on tables: no file, no database, no clock.
"""

from parity.disclosure.control import NOT_AVAILABLE, SUPPRESSED, Protected, protect
from parity.disclosure.errors import DisclosureError
from parity.disclosure.profiles import Profile, profile

__all__ = [
    "NOT_AVAILABLE",
    "SUPPRESSED",
    "DisclosureError",
    "Profile",
    "Protected",
    "profile",
    "protect",
]
