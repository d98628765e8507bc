"""What is past its time in a home: months, files, and the order in which they go.

What belongs here: counting months, and the plain files that are only deleted. The
sealed months of the landing zone (parity.intake.retention) and Dagster's runs
(orchestration.retention) have ways of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from parity.home.settings import Retention

_MONTHS = 12


@dataclass(frozen=True)
class Due:
    """What goes under one row of the table.

    count: things (months, files, runs). oldest: their oldest month (YYYY-MM), None when
    nothing goes. act: destroys its keys, then removes it; done again it does the rest.
    """

    row: Retention
    count: int
    oldest: str | None
    act: Callable[[], None] = field(repr=False)


def is_past(month: str, keep_months: int, now: datetime) -> bool:
    """Whether a month (YYYY-MM) was kept long enough.

    Whole months after the one it came in; 0 keeps nothing, not even this month's.
    """
    return keep_months == 0 or _index(month) + keep_months < _index(f"{now:%Y-%m}")


def kept_since(keep_months: int, now: datetime) -> datetime:
    """The first instant (UTC) of the oldest month that is kept."""
    if keep_months == 0:
        return now
    year, month = divmod(_index(f"{now:%Y-%m}") - keep_months, _MONTHS)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def files_due(row: Retention, room: Path, now: datetime) -> Due:
    """Files below a folder that were last written in a month that is past."""
    if row.keep_months is None:
        return nothing_due(row)
    past = {
        path: month
        for path in _files(room)
        if is_past(month := _month_of(path), row.keep_months, now)
    }
    return Due(
        row, len(past), min(past.values(), default=None), lambda: _remove(past, room)
    )


def nothing_due(row: Retention) -> Due:
    """A row under which nothing goes."""
    return Due(row, 0, None, lambda: None)


def _files(room: Path) -> list[Path]:
    return [p for p in sorted(room.rglob("*")) if p.is_symlink() or p.is_file()]


def _month_of(path: Path) -> str:
    return f"{datetime.fromtimestamp(path.lstat().st_mtime, UTC):%Y-%m}"


def _remove(files: Iterable[Path], room: Path) -> None:
    for path in files:
        path.unlink(missing_ok=True)
    folders = [path for path in room.rglob("*") if path.is_dir()]
    for folder in sorted(folders, reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _index(month: str) -> int:
    year, number = month.split("-")
    return int(year) * _MONTHS + int(number) - 1
