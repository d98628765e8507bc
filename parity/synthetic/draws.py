"""Random draws: every piece of chance that the generator uses passes through here.

What belongs here: one seeded stream, and lists of weighted codes. The stream is numpy's
PCG64, whose numbers are the same on every machine; nothing reads the clock.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_BLOCK = 1 << 14  # uniform numbers drawn at once: one call for many small decisions


class Weighted:
    """Codes with weights of any total; a code may be empty, for "not sent"."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.codes = tuple(weights)
        total = sum(weights.values())
        self.shares = tuple(weight / total for weight in weights.values())
        self._upper = list(accumulate(self.shares))[:-1]

    def at(self, position: float) -> str:
        """Code at a position from 0 (included) to 1 (excluded) of the cumulation."""
        return self.codes[bisect_right(self._upper, position)]


class Draws:
    """One stream of chance."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self.generator = np.random.Generator(np.random.PCG64(seed))
        self._block: list[float] = []

    def uniform(self) -> float:
        """A number from 0 (included) to 1 (excluded)."""
        if not self._block:
            self._block = self.generator.random(_BLOCK).tolist()
        return self._block.pop()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.uniform() < probability

    def pick(self, weighted: Weighted) -> str:
        """One code by weight."""
        return weighted.at(self.uniform())

    def one_of(self, items: Sequence[T]) -> T:
        """One of the items, each alike."""
        return items[int(self.uniform() * len(items))]

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def log_normal(self, median: float, sigma: float) -> float:
        """A right-skewed positive number with this median."""
        return median * float(np.exp(sigma * self.generator.standard_normal()))

    def long_tailed_count(self, mean: float, shape: float) -> int:
        """A right-skewed whole number from 0 up (a Poisson of a gamma)."""
        return int(self.generator.poisson(self.generator.gamma(shape, mean / shape)))

    def day_between(self, first: date, last: date) -> date:
        """A day from first to last, both included."""
        return first + timedelta(days=self.whole(0, (last - first).days))
