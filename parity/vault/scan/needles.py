"""What the scan looks for, and how much of what was submitted that is.

Three strengths of evidence:

    a needle     a value so distinctive that one occurrence, in any encoding, is a leak
    a word       shorter, letters and digits: looked for as the whole value of a decoded
                 cell, and in encodings that make it longer
    a sample     values that other data holds too (a birth date, a number of a few
                 digits, a code of three characters): one occurrence says nothing. A
                 place is suspect when it holds far more of the sample than of decoys,
                 values of the same shape that no one submitted.

Values that are shorter still, and placeholders, cannot be told from other data; how
many are looked for of how many there are stands in the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, TypeVar

Shape = Literal["nhs_number", "postcode", "birth_date", "identifier"]
T = TypeVar("T")
Part = tuple[str, ...]

_NEEDLE_DIGITS = 9
_NEEDLE_LENGTH = 8
_NEEDLE_LENGTH_DIGITS = 3
_WORD_LENGTH = 5
_SAMPLE_LENGTH = 3
_LAST_DIGITS = re.compile(r"[0-9]+$")
_CANARY_LENGTH = 16
_SHORTEST_POSTCODE = 5
_DECOY_DAYS = 400
_DECOY_NUMBERS = 100_000
# Of joined values fewer: a column of such digests has a digest of every record.
_MOST_JOINED = 50


@dataclass(frozen=True)
class Collected:
    """Every value of one identifier field, from all submissions.

    joined: values of several fields of one record, in order, whose unkeyed digest would
    be a leak although no single value shows it.
    """

    kind: str
    shape: Shape
    values: frozenset[str] = field(repr=False)
    joined: frozenset[Part] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class Needle:
    """One value. kind: the name of its field."""

    kind: str
    shape: Shape
    value: str = field(repr=False)


@dataclass(frozen=True)
class Sample:
    """Values that mean something together only, and about as many decoys."""

    kind: str
    shape: Shape
    values: tuple[str, ...] = field(repr=False)
    decoys: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Secret:
    """Bytes that may stand nowhere, such as a key. kind: what they are, in words."""

    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Chosen:
    """How many different values a field has, and how many of them are looked for."""

    kind: str
    submitted: int
    looked_for: int


@dataclass(frozen=True)
class Needles:
    """Everything that one scan looks for.

    submissions: how many it was collected from; unread: how many could not be read.
    secrets: keys and the like, beside the identifiers.
    """

    needles: tuple[Needle, ...] = field(repr=False)
    words: tuple[Needle, ...] = field(repr=False)
    samples: tuple[Sample, ...] = field(repr=False)
    joined: tuple[tuple[str, Part], ...] = field(repr=False)
    chosen: tuple[Chosen, ...]
    submissions: int = 0
    unread: int = 0
    secrets: tuple[Secret, ...] = field(default=(), repr=False)

    @classmethod
    def choose(cls, fields: Iterable[Collected], limit_per_field: int) -> Needles:
        """The same values for the same submissions, whatever their order.

        Of each field every canary (16 characters or more, letters and digits) and,
        evenly over the sorted values, as many others as the limit.
        """
        parts = [_choose(collected, limit_per_field) for collected in fields]
        return cls(
            needles=tuple(n for part in parts for n in part.needles),
            words=tuple(n for part in parts for n in part.words),
            samples=tuple(s for part in parts for s in part.samples),
            joined=tuple(j for part in parts for j in part.joined),
            chosen=tuple(c for part in parts for c in part.chosen),
        )


def _choose(collected: Collected, limit: int) -> Needles:
    kind, shape = collected.kind, collected.shape
    sorted_out: Mapping[str, list[str]] = {"needle": [], "word": [], "sample": []}
    for value in sorted(collected.values):
        strength = _strength(value, shape)
        if strength in sorted_out:
            sorted_out[strength].append(value)
    canaries = [v for v in sorted_out["needle"] if _is_canary(v)]
    others = [v for v in sorted_out["needle"] if not _is_canary(v)]
    needles = canaries + spread(others, limit)
    words = spread(sorted_out["word"], limit)
    values = spread(sorted_out["sample"], limit)
    joined = spread(sorted(collected.joined), min(limit, _MOST_JOINED))
    samples = [_sample(kind, shape, values, collected.values)] if values else []
    return Needles(
        needles=tuple(Needle(kind, shape, value) for value in needles),
        words=tuple(Needle(kind, shape, value) for value in words),
        samples=tuple(samples),
        joined=tuple((kind, parts) for parts in joined),
        chosen=(
            Chosen(
                kind,
                len(collected.values) + len(collected.joined),
                len(needles) + len(words) + len(values) + len(joined),
            ),
        ),
    )


def spread(values: Sequence[T], limit: int) -> list[T]:
    """At most `limit` values, evenly over the sequence; the first is among them."""
    if len(values) <= limit:
        return list(values)
    return [values[i * len(values) // limit] for i in range(limit)]


def _strength(value: str, shape: Shape) -> str:
    if shape == "birth_date":
        return "sample" if _as_date(value) else "none"
    if shape == "postcode":
        return "needle" if len(value.replace(" ", "")) >= _SHORTEST_POSTCODE else "none"
    digits = sum(c in "0123456789" for c in value)
    if digits == len(value):
        if len(set(value)) == 1:
            return "none"  # a placeholder such as 9999999999 says nothing
        if digits >= _NEEDLE_DIGITS:
            return "needle"
        return "sample" if digits >= _WORD_LENGTH else "none"
    if len(value) >= _NEEDLE_LENGTH and digits >= _NEEDLE_LENGTH_DIGITS:
        return "needle"
    if len(value) >= _WORD_LENGTH and digits:
        return "word"
    is_numbered = len(value) >= _SAMPLE_LENGTH and _LAST_DIGITS.search(value)
    return "sample" if is_numbered else "none"


def _is_canary(value: str) -> bool:
    return (
        len(value) >= _CANARY_LENGTH
        and any(c.isalpha() for c in value)
        and any(c.isdigit() for c in value)
    )


def _sample(
    kind: str, shape: Shape, values: Sequence[str], known: frozenset[str]
) -> Sample:
    decoys: list[str] = []
    taken = set(known)
    for value in values:
        day = _as_date(value) if shape == "birth_date" else None
        decoy = _next_day(day, taken) if day else _next_number(value, taken)
        if decoy is not None:
            decoys.append(decoy)
            taken.add(decoy)
    return Sample(kind, shape, tuple(values), tuple(decoys))


def _next_day(day: date, taken: set[str]) -> str | None:
    """The nearest later day on which nobody was born."""
    days = (day + timedelta(days=n) for n in range(1, _DECOY_DAYS))
    return next((d.isoformat() for d in days if d.isoformat() not in taken), None)


def _next_number(value: str, taken: set[str]) -> str | None:
    """The value with the nearest larger number at its end that nobody submitted.

    Near, because numbers are given out in runs: a column that counts rows holds the
    neighbours too.
    """
    found = _LAST_DIGITS.search(value)
    digits = found.group() if found else ""
    start = value[: len(value) - len(digits)]
    first = int(digits or 0) + 1
    last = min(first + _DECOY_NUMBERS, 10 ** len(digits))
    texts = (start + str(n).zfill(len(digits)) for n in range(first, last))
    return next((text for text in texts if text not in taken), None)


def _as_date(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
