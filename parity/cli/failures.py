"""From an error to one line and an exit code.

0 done, 1 the data, 2 wrong usage, 3 us. Our own errors are coded sentences without
values and are shown as they are. Of any other error only the type and the place are
shown: its words may quote the data, and a traceback holds locals.
"""

from __future__ import annotations

import traceback

from parity.cli.screen import complain

DONE, DATA, USAGE, OURS = 0, 1, 2, 3

_OUR_PACKAGES = ("parity", "pseudonymisation", "orchestration")


def report(error: Exception) -> int:
    """Say what went wrong on standard error and return the exit code."""
    if _is_ours(error):
        complain(str(error))
        # What the error says of itself; a kind that says nothing is a fault of ours.
        return int(getattr(error, "exit_code", OURS))
    complain(f"our fault: {type(error).__name__} at {_place(error)}")
    return OURS


def _is_ours(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _OUR_PACKAGES


def _place(error: Exception) -> str:
    """Where the error left our own code, as folder/file.py:line."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if any(f"/{p}/" in f.filename for p in _OUR_PACKAGES)]
    last = (ours or list(frames))[-1]
    return f"{'/'.join(last.filename.split('/')[-2:])}:{last.lineno}"
