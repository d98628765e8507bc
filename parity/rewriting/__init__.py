"""Files written anew under a new key, all or nothing.

`rewrite` and `rewrite_landed` do it, `resume_rewriting` ends one that was cut off; a
`Transform` says what becomes of each table, `Copy` is the one that changes nothing.
"""

from parity.rewriting.engine import resume_rewriting, rewrite, rewrite_landed
from parity.rewriting.journal import (
    BUILD_AGAIN,
    CUT_OFF,
    HOW_TO_RESUME,
    Ended,
    FileName,
    RewritingError,
    check_finished,
    is_unfinished,
)
from parity.rewriting.telling import NOBODY, Telling
from parity.rewriting.transform import (
    Copy,
    Prepared,
    Stored,
    Transform,
    quoted,
    row_count,
)

__all__ = [
    "BUILD_AGAIN",
    "CUT_OFF",
    "HOW_TO_RESUME",
    "NOBODY",
    "Copy",
    "Ended",
    "FileName",
    "Prepared",
    "RewritingError",
    "Stored",
    "Telling",
    "Transform",
    "check_finished",
    "is_unfinished",
    "quoted",
    "resume_rewriting",
    "rewrite",
    "rewrite_landed",
    "row_count",
]
