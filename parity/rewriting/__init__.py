"""Files written anew under a new key, all or nothing.

`rewrite` and `rewrite_landed` do it, `resume_rewriting` ends one that was cut off; a
`Transform` says what becomes of each table, `Copy` is the one that changes nothing.
"""

from parity.rewriting.engine import resume_rewriting, rewrite, rewrite_landed
from parity.rewriting.journal import FileName, RewritingError, is_unfinished
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
    "NOBODY",
    "Copy",
    "FileName",
    "Prepared",
    "RewritingError",
    "Stored",
    "Telling",
    "Transform",
    "is_unfinished",
    "quoted",
    "resume_rewriting",
    "rewrite",
    "rewrite_landed",
    "row_count",
]
