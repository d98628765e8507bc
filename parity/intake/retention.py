"""The end of a month's sealed copies: its key is destroyed, then its files go.

What belongs here: months of the landing zone that are past their time. Once the key is
destroyed, no copy of those files can be read again, whatever backup it lies in; that
the files go too only frees the room. An unfinished end is finished the next time.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from parity.home import Home
from parity.home.private_files import remove_left_over
from parity.home.retention import Due, is_past, nothing_due
from parity.home.settings import Retention
from parity.home.unlock import Keyring
from parity.intake.seal import OPENED
from parity.intake.sealed_copies import key_name, months

_KEYS = key_name("")


def sealed_due(
    row: Retention, home: Home, keyring: Keyring, room: Path, now: datetime
) -> Due:
    """The months of a room of the landing zone that are past. count: copies in them.

    A month that has a key and no folder goes too, under each room that it may be of.
    """
    if row.keep_months is None:
        return nothing_due(row)
    known = {*months(room), *_months_with_keys(keyring)}
    past = sorted(m for m in known if is_past(m, row.keep_months, now))
    count = sum(_copies(room / month) for month in past)
    return Due(row, count, past[0] if past else None, lambda: _end(home, keyring, past))


def _end(home: Home, keyring: Keyring, past: list[str]) -> None:
    # What a reader that was killed had unpacked, under no key at all.
    remove_left_over(home.landing_inbox.parent, OPENED)
    for month in past:
        destroy_key(keyring, month)
        for room in (home.landing_sealed, home.landing_quarantine):
            shutil.rmtree(room / month, ignore_errors=True)


def destroy_key(keyring: Keyring, month: str, but: int | None = None) -> None:
    """Destroy every version of a month's key that is left (all but one, if named)."""
    of_month = [r for r in keyring.records() if r.name == key_name(month)]
    for record in of_month:
        if record.version != but and record.state != "destroyed":
            keyring.destroy(record.name, record.version)


def _months_with_keys(keyring: Keyring) -> set[str]:
    return {
        record.name.removeprefix(_KEYS)
        for record in keyring.records()
        if record.name.startswith(_KEYS) and record.state != "destroyed"
    }


def _copies(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    reasons = ".reason.txt"
    return sum(not path.name.endswith(reasons) for path in folder.iterdir())
