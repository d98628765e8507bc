"""From an error to one line and an exit code.

0 done, 1 the data, 2 wrong usage, 3 us. Our own errors are coded sentences without
values and are shown as they are. Of any other error only the type and the place are
shown: its words may quote the data, and a traceback holds locals.
"""

from __future__ import annotations

import traceback

from parity.cli.screen import complain
from parity.home import HomeError
from parity.intake.errors import IntakeError

DONE, DATA, USAGE, OURS = 0, 1, 2, 3

_OUR_PACKAGES = ("parity", "pseudonymisation", "orchestration")

# A home error is the caller's to mend, except these: what we keep is not as we left it.
_DAMAGE = {
    "keyring_damaged",
    "key_destroyed",
    "no_encryption",
    "not_encrypted",
    "spill_in_clear",
}


def report(error: Exception) -> int:
    """Say what went wrong on standard error and return the exit code."""
    if _is_ours(error):
        complain(str(error))
        return _exit_code(error)
    complain(f"our fault: {type(error).__name__} at {_place(error)}")
    return OURS


def _is_ours(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _OUR_PACKAGES


def _exit_code(error: Exception) -> int:
    """What the error says of itself, else what its kind means."""
    if hasattr(error, "exit_code"):
        return int(error.exit_code)
    if isinstance(error, IntakeError):
        return DATA
    if isinstance(error, HomeError):
        if error.code.startswith("reference_"):
            return DATA
        return OURS if error.code in _DAMAGE else USAGE
    return OURS


def _place(error: Exception) -> str:
    """Where the error left our own code, as folder/file.py:line."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if any(f"/{p}/" in f.filename for p in _OUR_PACKAGES)]
    last = (ours or list(frames))[-1]
    return f"{'/'.join(last.filename.split('/')[-2:])}:{last.lineno}"
