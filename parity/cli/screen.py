"""What a command prints: text and tables for people, one JSON document for programs.

Results go to standard output; progress and remarks go to standard error, and only to a
terminal, so that a pipe or a log file gets the result alone.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

# A pipe has no width: this one holds any of our tables and folds no path.
_PIPE_WIDTH = 240
_SHOWN_AFTER = 1.0  # seconds


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console


def say(text: str) -> None:
    """A line of the result; never folded, so that a path can be copied."""
    _console(stderr=False).print(text, soft_wrap=True)


def complain(text: str) -> None:
    """A line on standard error, terminal or not: what went wrong."""
    _console(stderr=True).print(f"parity: {text}", soft_wrap=True)


def remark(text: str) -> None:
    """A line on standard error that only somebody at a terminal needs."""
    console = _console(stderr=True)
    if console.is_terminal:
        console.print(text, soft_wrap=True)


def show_json(document: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, indent=2, default=_plain))


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    title: str | None = None,
    numbers: Sequence[str] = (),
) -> None:
    """A table; the columns in numbers are set to the right."""
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left")
    for row in rows:
        table.add_row(*["" if cell is None else str(cell) for cell in row])
    _console(stderr=False).print(table)


def progress() -> Progress:
    """A progress bar on standard error: words, how many, elapsed, left."""
    console = _console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


@contextmanager
def working(words: str) -> Iterator[None]:
    """Say at a terminal what is being done and for how long, if it takes a second."""
    console = _console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    bar.add_task(words, total=None)
    later = threading.Timer(_SHOWN_AFTER, bar.start)
    later.daemon = True
    later.start()
    try:
        yield
    finally:
        later.cancel()
        later.join()
        bar.stop()


def counted(count: int, one: str, many: str = "") -> str:
    """How many of something there are, in words: `1 entry`, `2 entries`.

    many: the plural where it is not one with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path | UUID):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
