"""A pattern that is searched for, and what it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Edge = Literal["any", "digit", "letter_or_digit"]


@dataclass(frozen=True)
class Form:
    """A pattern in small letters, its encoding's name, what may not stand beside it."""

    pattern: bytes
    encoding: str
    edge: Edge = "any"
