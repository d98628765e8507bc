"""Retention: everything in a home that is past its time, by the table of its settings.

What belongs here: which room belongs to which row, and one pass over all of them:
`parity retain`. The ledger says first what goes. An unfinished pass is finished by the
next one, since what is left is still past its time.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from orchestration.run import dagster_instance
from parity.access.packages import former_builds
from parity.home import Home
from parity.home.clock import check_clock, confirm_clock
from parity.home.retention import Due, files_due, kept_since, nothing_due
from parity.home.settings import Retention, read_settings
from parity.home.unlock import Keyring
from parity.intake.retention import sealed_due
from parity.vault.reidentification.records import read_records

_RUN_STORAGE = "storage"

# No setting: a request says itself when it ends.
_REQUESTS = Retention("vault", "keys of expired requests", 0, "crypto-shred")


@dataclass(frozen=True)
class Kept:
    """One row of what `parity retain` shows.

    count and oldest: of what is past its time. gone: whether it went.
    """

    zone: str
    what: str
    keep_months: int | None
    how: str
    count: int
    oldest: str | None
    gone: bool


def retain(
    home: Home, keyring: Keyring, apply: bool, *, clock_is_right: bool = False
) -> list[Kept]:
    """What is past its time, row by row; with apply, it goes.

    clock_is_right: somebody looked at the clock; is entered. Raises HomeError: clock,
    when the ledger's times speak against it (parity.home.clock).
    """
    if apply and clock_is_right:
        confirm_clock(keyring)
    if apply:
        check_clock(home, keyring)
    return _retain(home, keyring, apply, datetime.now(UTC))


def _retain(home: Home, keyring: Keyring, apply: bool, now: datetime) -> list[Kept]:
    rows = (*read_settings(home).retention, _REQUESTS)
    with home.lock("retain"):
        due = [_due(row, home, keyring, now) for row in rows]
        if apply:
            _apply(keyring, due)
    return [
        Kept(
            **vars(each.row),
            count=each.count,
            oldest=each.oldest,
            gone=apply and each.oldest is not None,
        )
        for each in due
    ]


def _apply(keyring: Keyring, due: Sequence[Due]) -> None:
    for each in due:
        if each.oldest is not None:
            keyring.ledger().append(
                "retention_applied",
                what=_word(each.row.what),
                count=each.count,
                oldest=each.oldest,
            )
            each.act()


def _due(row: Retention, home: Home, keyring: Keyring, now: datetime) -> Due:
    if row.how == "keep":
        return nothing_due(row)
    if row == _REQUESTS:
        return _requests_due(row, keyring, now)
    if row.how == "crypto-shred":
        rooms = {
            "sealed submissions": home.landing_sealed,
            "quarantine": home.landing_quarantine,
        }
        return sealed_due(row, home, keyring, rooms[row.what], now)
    if row.what == "dagster storage":
        return _runs_due(row, home, now)
    if row.what == "former package builds":
        return _builds_due(row, home)
    rooms = {
        "answers": home.answers,
        "dbt logs": home.dbt_logs,
        "dbt target": home.dbt_target,
        "spill": home.spill,
    }
    return files_due(row, rooms[row.what], now)


def _requests_due(row: Retention, keyring: Keyring, now: datetime) -> Due:
    """One-time keys of requests to re-identify that nobody opened in time."""
    records = read_records(keyring, now)
    asked = [record.created_at[:7] for record in records.expired(keyring)]

    def act() -> None:
        records.forget_expired(keyring)

    return Due(row, len(asked), min(asked, default=None), act)


def _builds_due(row: Retention, home: Home) -> Due:
    """Builds of packages that are not in force: what a killed process left."""
    builds = former_builds(home)

    def act() -> None:
        for folder in builds:
            shutil.rmtree(folder, ignore_errors=True)

    written = [datetime.fromtimestamp(b.stat().st_mtime, UTC) for b in builds]
    oldest = f"{min(written):%Y-%m}" if written else None
    return Due(row, len(builds), oldest, act)


def _runs_due(row: Retention, home: Home, now: datetime) -> Due:
    """Runs that Dagster began before the oldest month that is kept."""
    if row.keep_months is None or not (home.dagster_home / "dagster.yaml").exists():
        return nothing_due(row)
    before = dg.RunsFilter(created_before=kept_since(row.keep_months, now))
    with dagster_instance(home) as instance:
        records = instance.get_run_records(filters=before)
    runs = [record.dagster_run.run_id for record in records]
    begun = [f"{record.create_timestamp:%Y-%m}" for record in records]
    return Due(
        row, len(runs), min(begun, default=None), lambda: _delete_runs(home, runs)
    )


def _delete_runs(home: Home, runs: Sequence[str]) -> None:
    with dagster_instance(home) as instance:
        for run in runs:
            instance.delete_run(run)
            storage = home.dagster_home / _RUN_STORAGE / run
            shutil.rmtree(storage, ignore_errors=True)


def _word(text: str) -> str:
    return re.sub(r"[^a-z]+", "_", text)
