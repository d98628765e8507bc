"""How large the tests that draw at random are: PARITY_SOAK, 1 where it is not set.

`make soak` sets it. What is drawn changes with it, so a soak sees new values as well.
"""

from __future__ import annotations

import os

import numpy as np


def soak() -> int:
    """How many times larger than in CI."""
    return int(os.environ.get("PARITY_SOAK", "1"))


def scale(size: int) -> int:
    """A number of values, grown by the soak."""
    return size * soak()


def generator(name: str) -> np.random.Generator:
    """A generator that draws the same values each time for one name and scale."""
    return np.random.default_rng([soak(), *name.encode()])
