"""Who is told how far a rewriting is: somebody at a terminal, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _silent(_words: str, _done: int, _total: int) -> None:
    """Nobody asked."""


@dataclass(frozen=True)
class Telling:
    """waiting: told once, in a sentence, when another process holds the home.

    step: told what is being done, how many tables are done, and of how many.
    """

    waiting: Callable[[str], None] | None = None
    step: Callable[[str, int, int], None] = _silent


NOBODY = Telling()
