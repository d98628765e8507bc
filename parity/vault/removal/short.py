"""Submissions that have landed without somebody's rows.

What belongs here: which they are. It is said of submissions and of nobody: who is
missing can be told only by whoever reads the submission again. Marks stay: a submission
is looked at once too often rather than forgotten.
"""

from __future__ import annotations

from uuid import UUID

import duckdb


def note_short(connection: duckdb.DuckDBPyConnection, submission_id: UUID) -> None:
    """Remember one, once."""
    connection.execute(
        """
        insert into vault.short_submission
        select $1::uuid
        where $1::uuid not in (select submission_id from vault.short_submission)
        """,
        [submission_id],
    )


def short_submissions(connection: duckdb.DuckDBPyConnection) -> frozenset[UUID]:
    """All of them, those that another has replaced too."""
    found = connection.execute("select submission_id from vault.short_submission")
    return frozenset(submission_id for (submission_id,) in found.fetchall())
