"""The whole calculation from folders to pathways.

What belongs here: the one way in. Measures follow from the pathways with
`measures.by_organisation` and `measures.by_group`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from .pathways import Recomputation
from .people import NO_REFERENCE, Reference, read_reference
from .submissions import Rejected, Shelf, read_submission


def recompute(
    folders: Iterable[Path],
    reference_folder: Path | None = None,
    rejected: Collection[Rejected] = frozenset(),
) -> Recomputation:
    """Read CSV submissions (and a reference folder) and gather them.

    folders: `<provider>_<YYYY-MM>_<primary|refresh>/`, one a slot.
    rejected: the rows of them that are known to be rejected: no rule is worked here.
    """
    reference: Reference = NO_REFERENCE
    if reference_folder is not None:
        reference = read_reference(reference_folder)
    return Recomputation(
        Shelf(read_submission(f, rejected) for f in folders), reference
    )
