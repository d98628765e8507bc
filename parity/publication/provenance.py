"""From which submissions something was made: how many, and a digest of their ids.

The ids are keyed hashes of the submissions' content (parity.intake.seal), so a plain
digest of them gives nothing away. Two files with the same digest came from the same
submissions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class Provenance:
    """submissions: how many are in force. digest: 64 hex digits over their ids."""

    submissions: int
    digest: str


def created_from(
    connection: duckdb.DuckDBPyConnection,
    edition: str,
    last_month: date | None = None,
) -> Provenance:
    """The submissions in force for an edition, up to a month or all there are.

    connection: with the warehouse attached as `warehouse`.
    """
    rows = connection.execute(
        """
        select distinct submission_id::varchar
        from warehouse.intermediate.int_submissions_in_force
        where edition = $1 and reporting_month <= coalesce($2, reporting_month)
        order by all
        """,
        [edition, last_month],
    ).fetchall()
    text = "\n".join(row[0] for row in rows)
    return Provenance(len(rows), hashlib.sha256(text.encode("ascii")).hexdigest())
