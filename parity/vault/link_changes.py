"""What a submission changed in who is who: counts for the ledger, nobody named.

What belongs here: comparing the crosswalk before and after. Persons are joined when
records of two become one's, and parted when records of one become two's.
"""

from __future__ import annotations

import polars as pl

from parity.home.ledger import Ledger


def note_links(ledger: Ledger, before: pl.DataFrame, after: pl.DataFrame) -> None:
    """Enter how each person known was named, and how many were joined and parted.

    before, after: national_person_id, person_id; after has linkage_step too. Nothing is
    entered when nothing changed.
    """
    known = before.join(
        after, on="national_person_id", how="full", suffix="_after", coalesce=True
    )
    moved = known.filter(pl.col("person_id") != pl.col("person_id_after"))
    new = known.filter(pl.col("person_id").is_null()).height
    gone = known.filter(pl.col("person_id_after").is_null()).height
    if moved.is_empty() and not new and not gone:
        return
    steps = after.group_by("linkage_step").len().sort("linkage_step")
    ledger.append(
        "persons_linked",
        joined=_torn(moved, known, "person_id_after", "person_id"),
        parted=_torn(moved, known, "person_id", "person_id_after"),
        new=new,
        **dict(steps.iter_rows()),
    )


def _torn(moved: pl.DataFrame, known: pl.DataFrame, whole: str, part: str) -> int:
    """Persons on one side, touched by a move, that are two or more on the other."""
    touched = moved.select(whole).drop_nulls().unique()
    return (
        known.join(touched, on=whole, how="semi")
        .group_by(whole)
        .agg(pl.col(part).drop_nulls().n_unique())
        .filter(pl.col(part) > 1)
        .height
    )
