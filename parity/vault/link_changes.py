"""What a submission changed in who is who: counts for the ledger, nobody named.

What belongs here: comparing the crosswalk before and after. Persons are joined when
records of two become one's, and parted when records of one become two's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from parity.home.ledger import Ledger


@dataclass(frozen=True)
class Links:
    """Who is who at some time.

    persons: national_person_id, person_id; what comes after has linkage_step too.
    apart: how many records stand apart from the person whom their number names.
    """

    persons: pl.DataFrame = field(repr=False)
    apart: int


def note_links(ledger: Ledger, before: Links, after: Links) -> None:
    """Enter how each person known was named, and how many were joined and parted.

    Nothing is entered when nothing changed.
    """
    known = before.persons.join(
        after.persons,
        on="national_person_id",
        how="full",
        suffix="_after",
        coalesce=True,
    )
    moved = known.filter(pl.col("person_id") != pl.col("person_id_after"))
    new = known.filter(pl.col("person_id").is_null()).height
    gone = known.filter(pl.col("person_id_after").is_null()).height
    if moved.is_empty() and not new and not gone and before.apart == after.apart:
        return
    steps = after.persons.group_by("linkage_step").len().sort("linkage_step")
    ledger.append(
        "persons_linked",
        joined=_torn(moved, known, "person_id_after", "person_id"),
        parted=_torn(moved, known, "person_id", "person_id_after"),
        new=new,
        records_apart=after.apart,
        **dict(steps.iter_rows()),
    )


def _torn(moved: pl.DataFrame, known: pl.DataFrame, whole: str, part: str) -> int:
    """Persons on one side, touched by a move, that are two or more on the other.

    Somebody who is on one side only is one for themselves on the other.
    """
    touched = moved.select(whole).drop_nulls().unique()
    return (
        known.join(touched, on=whole, how="semi")
        .group_by(whole)
        .agg(pl.coalesce(part, "national_person_id").n_unique())
        .filter(pl.col(part) > 1)
        .height
    )
