"""What one statement of a locked session may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """memory: as DuckDB writes it. seconds: of wall clock, then it is interrupted."""

    memory: str = "2GB"
    threads: int = 2
    seconds: float = 120.0
