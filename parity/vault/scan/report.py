"""What a scan tells: where something was found, of what kind, never the value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from parity.vault.scan.needles import Chosen

# Kinds that are not fields: what was not looked into is a finding too.
UNREADABLE = "unreadable"
UNKNOWN = "unknown container"


@dataclass(frozen=True, order=True)
class Finding:
    """One kind of identifier in one encoding at one place.

    place: path in the home, or the process. location: inside it, such as
    schema.table.column or an archive's member. kind: the identifier's field, or why the
    place could not be judged. count: places in text and bytes; in a column, different
    values; for a sample, how much of the sample is there.
    """

    place: str
    location: str
    encoding: str
    kind: str
    count: int


@dataclass(frozen=True)
class Coverage:
    """How much was looked through, and how many keys were looked for."""

    files: int = 0
    columns: int = 0
    processes: int = 0
    keys: int = 0


@dataclass(frozen=True)
class ScanReport:
    """The result of a scan.

    expected: identifiers where they belong, by name. chosen: what was looked for, from
    how many submissions; unread: submissions that gave nothing because they cannot be
    read.
    """

    findings: tuple[Finding, ...]
    expected: tuple[Finding, ...]
    chosen: tuple[Chosen, ...]
    coverage: Coverage
    submissions: int
    unread: int

    @property
    def is_clean(self) -> bool:
        """Nothing found, nothing left unread, and something was looked for."""
        return not self.findings and any(c.looked_for for c in self.chosen)

    def as_dict(self) -> dict[str, Any]:
        """For --json: the same, as plain types."""
        return {"is_clean": self.is_clean, **asdict(self)}
