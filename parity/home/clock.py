"""Is the machine's clock to be believed before something goes for good?

What belongs here: what the times of a ledger's entries say of the clock. A clock that
is ahead makes everything old, and what is old is destroyed. It shows: an entry is later
than now, or so many days passed between two entries in which nothing was done that the
clock is more likely to have jumped. A person who has looked at a clock can say so; that
is entered, and what was before it is not asked about again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from parity.home.errors import HomeError
from parity.home.keyring import Keyring
from parity.home.layout import Home
from parity.home.settings import read_settings

CONFIRMED = "clock_confirmed"


def check_clock(home: Home, keyring: Keyring) -> None:
    """Raise HomeError (clock) unless the ledger's times and the clock fit together.

    The chain is checked first: its times are only worth that much. Raises LedgerBroken.
    """
    keyring.ledger().verify()
    quiet = timedelta(days=read_settings(home).clock.quiet_days)
    _check(keyring.ledger().entries(), datetime.now(UTC), quiet)


def confirm_clock(keyring: Keyring) -> None:
    """Enter that a person says the clock is right."""
    keyring.ledger().append(CONFIRMED)


def _check(
    entries: Iterable[Mapping[str, Any]], now: datetime, quiet: timedelta
) -> None:
    times: list[datetime] = []
    for entry in entries:
        if entry["event"] == CONFIRMED:
            times = []
        times.append(datetime.fromisoformat(entry["at"]))
    if times and times[-1] > now:
        raise _refused("the ledger's last entry is later than now")
    later = now
    for at in reversed(times):
        if later - at > quiet:
            raise _refused(f"nothing was done for {(later - at).days} days")
        # An entry that a later one went back behind: that clock was set right since.
        later = min(later, at)


def _refused(why: str) -> HomeError:
    return HomeError(
        "clock",
        f"{why}: the clock is or was wrong; look at it, and if it is right now, "
        "give --clock-is-right",
    )
