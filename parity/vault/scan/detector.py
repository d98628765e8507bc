"""What counts as found: the patterns of all needles, and a tally without values.

What belongs here: judging bytes and decoded cells, and keeping count. Containers are
opened elsewhere and bring their content here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from mmap import mmap

from parity.vault.scan.carving import carved
from parity.vault.scan.digests import engine_hashes, secret_forms
from parity.vault.scan.encodings import (
    CELL,
    as_cells,
    forms_of_date,
    forms_of_joined,
    forms_of_needle,
    forms_of_number,
    forms_of_word,
    longer_forms_of_word,
)
from parity.vault.scan.escapes import encoded_containers, unescaped
from parity.vault.scan.forms import Form
from parity.vault.scan.needles import Needle, Needles, Sample
from parity.vault.scan.report import UNKNOWN, UNREADABLE, Coverage, Finding, ScanReport
from parity.vault.scan.search import Hit, MultiSearch

# A sample is a finding at five standard errors: a false alarm in 3 million places.
_STANDARD_ERRORS = 5.0
_FEWEST_OF_SAMPLE = 5
# Escapes inside escapes: JSON in JSON in an address.
_DEEPEST_ESCAPE = 3

_LETTERS_AND_DIGITS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")
_DIGITS = frozenset(b"0123456789")

HIDDEN_NAME = "(a name that may hold an identifier)"


@dataclass(frozen=True)
class Spot:
    """Where we are looking: a place, and a location inside it."""

    place: str
    location: str

    def inside(self, name: str) -> Spot:
        """A spot deeper inside the same place."""
        return Spot(self.place, f"{self.location} > {name}" if self.location else name)


@dataclass(frozen=True)
class _Meaning:
    kind: str
    form: Form


@dataclass(frozen=True)
class _Member:
    """Which value of which sample a pattern stands for."""

    sample: int
    value: int
    is_decoy: bool
    form: Form


@dataclass
class _Seen:
    values: set[int] = field(default_factory=set)
    decoys: set[int] = field(default_factory=set)


# From here on all patterns together are met by chance in one of 20 million such files.
_NOT_BY_CHANCE = 8


class Detector:
    """Searches what it is given and counts what it finds."""

    def __init__(self, needles: Needles) -> None:
        self._needles = needles
        self._meanings: dict[bytes, list[_Meaning]] = {}
        self._words: dict[bytes, list[_Meaning]] = {}
        self._members: dict[bytes, list[_Member]] = {}
        self._learn()
        self._anywhere = MultiSearch(self._meanings)
        self._cells_only = MultiSearch(self._words.keys() | self._members.keys())
        self._tally: Counter[tuple[Spot, str, str]] = Counter()
        self._seen: dict[tuple[Spot, int], _Seen] = {}
        self._columns: set[Spot] = set()
        self._files = 0
        self._processes = 0

    def look_at_bytes(self, data: bytes | mmap, spot: Spot) -> None:
        """Search bytes as they stand, and with the escapes in them undone."""
        self._look(data, spot, is_text=False)

    def look_at_ciphertext(self, data: bytes | mmap, spot: Spot) -> None:
        """Search bytes that are as good as random, and are decoded elsewhere.

        Patterns of a few bytes turn up in them by chance: 200 numbers make 600 of six
        bytes, and one of these stands in one of 7,000 files of 20 MB.
        """
        for hit in self._anywhere.find(data):
            if len(hit[0]) >= _NOT_BY_CHANCE:
                self._count(self._meanings[hit[0]], hit, spot)

    def look_at_cells(self, cells: Iterable[bytes], spot: Spot) -> None:
        """Search decoded values or text in UTF-8: as they stand, and value by value."""
        self._look(CELL.join(cells), spot, is_text=True)

    def _look(self, data: bytes | mmap, spot: Spot, *, is_text: bool) -> None:
        self._search(data, spot, is_text=is_text)
        undone = [(name, text, data_, 1) for name, data_, text in unescaped(data)]
        while undone:
            name, text, before, depth = undone.pop()
            inner = spot.inside(f"({name})")
            self._search(text, inner, is_text=is_text, before=before)
            if depth < _DEEPEST_ESCAPE:
                undone += [(n, t, b, depth + 1) for n, b, t in unescaped(text)]

    def _search(
        self, data: bytes | mmap, spot: Spot, *, is_text: bool, before: bytes = b""
    ) -> None:
        """before: the same data in escapes; what is found in it is not found again."""
        known = before.lower()
        for hit in self._anywhere.find(data):
            if hit[0] not in known:
                self._count(self._meanings[hit[0]], hit, spot)
        if is_text:
            known = as_cells(known)
            for hit in self._cells_only.find(as_cells(bytes(data))):
                if hit[0] not in known:
                    self._count_cell(hit, spot)

    def shown(self, names: Iterable[str], spot: Spot) -> str:
        """Names joined by dots; one that holds an identifier is found and not shown.

        Nor is one that holds compressed data, whatever that is.
        """
        told = []
        for name in names:
            before = self._tally.total()
            content = name.encode("utf-8", "surrogateescape")
            self.look_at_cells([content], spot)
            packed = [data for _, data in encoded_containers(content)]
            for inside in (text for data in packed for _, text in carved(data)):
                self.look_at_bytes(inside, spot)
            is_hidden = packed or self._tally.total() > before
            told.append(HIDDEN_NAME if is_hidden else name)
        return ".".join(told)

    def unreadable(self, spot: Spot, reason: str) -> None:
        """Something that should have opened and did not."""
        self._tally[spot, reason, UNREADABLE] += 1

    def unknown(self, spot: Spot) -> None:
        """Something that nobody taught the scan to open."""
        self._tally[spot, "not decoded", UNKNOWN] += 1

    def count_file(self) -> None:
        """One more file was looked at."""
        self._files += 1

    def count_process(self) -> None:
        """One more process was looked at."""
        self._processes += 1

    def count_column(self, spot: Spot) -> None:
        """One more column was decoded."""
        self._columns.add(spot)

    def report(self, expected: frozenset[tuple[str, str]] = frozenset()) -> ScanReport:
        """Everything found. expected: (place, kind) pairs that belong there."""
        found = [
            Finding(spot.place, spot.location, encoding, kind, count)
            for (spot, encoding, kind), count in self._tally.items()
        ]
        found += self._suspect_samples()
        return ScanReport(
            findings=tuple(
                sorted(f for f in found if (f.place, f.kind) not in expected)
            ),
            expected=tuple(sorted(f for f in found if (f.place, f.kind) in expected)),
            chosen=self._needles.chosen,
            submissions=self._needles.submissions,
            unread=self._needles.unread,
            coverage=Coverage(
                self._files,
                len(self._columns),
                self._processes,
                len(self._needles.secrets),
            ),
        )

    def _learn(self) -> None:
        for needle in self._needles.needles:
            for form in forms_of_needle(needle):
                self._learn_form(needle.kind, form)
        self._learn_engine_hashes(self._needles.needles + self._needles.words)
        for kind, parts in self._needles.joined:
            for form in forms_of_joined(parts):
                self._learn_form(kind, form)
        for word in self._needles.words:
            for form in forms_of_word(word.value):
                meaning = _Meaning(word.kind, form)
                self._words.setdefault(form.pattern, []).append(meaning)
            for form in longer_forms_of_word(word.value):
                self._learn_form(word.kind, form)
        for index, sample in enumerate(self._needles.samples):
            self._learn_sample(index, sample)
        for secret in self._needles.secrets:
            for form in secret_forms(secret.content):
                self._learn_form(secret.kind, form)

    def _learn_engine_hashes(self, needles: tuple[Needle, ...]) -> None:
        kinds = {needle.value: needle.kind for needle in needles}
        for value, form in engine_hashes(kinds):
            self._learn_form(kinds[value], form)

    def _learn_form(self, kind: str, form: Form) -> None:
        self._meanings.setdefault(form.pattern, []).append(_Meaning(kind, form))

    def _learn_sample(self, index: int, sample: Sample) -> None:
        for is_decoy, values in ((False, sample.values), (True, sample.decoys)):
            for number, value in enumerate(values):
                for form in _forms_of_member(value, sample):
                    member = _Member(index, number, is_decoy, form)
                    self._members.setdefault(form.pattern, []).append(member)

    def _count(self, meanings: Iterable[_Meaning], hit: Hit, spot: Spot) -> None:
        for meaning in meanings:
            if _stands_alone(meaning.form, hit):
                self._tally[spot, meaning.form.encoding, meaning.kind] += 1

    def _count_cell(self, hit: Hit, spot: Spot) -> None:
        self._count(self._words.get(hit[0], []), hit, spot)
        for member in self._members.get(hit[0], []):
            if _stands_alone(member.form, hit):
                seen = self._seen.setdefault((spot, member.sample), _Seen())
                which = seen.decoys if member.is_decoy else seen.values
                which.add(member.value)

    def _suspect_samples(self) -> list[Finding]:
        suspects = []
        for (spot, index), seen in self._seen.items():
            sample = self._needles.samples[index]
            if _is_suspect(seen, sample):
                finding = Finding(
                    spot.place,
                    spot.location,
                    "plain, far more than chance",
                    sample.kind,
                    len(seen.values),
                )
                suspects.append(finding)
        return suspects


def _forms_of_member(value: str, sample: Sample) -> Iterator[Form]:
    if sample.shape == "birth_date":
        return forms_of_date(value)
    return forms_of_number(value) if value.isdigit() else forms_of_word(value)


def _stands_alone(form: Form, hit: Hit) -> bool:
    """Whether what stands beside the pattern leaves it a value of its own."""
    _, before, after = hit
    if form.edge == "any":
        return True
    barred = _DIGITS if form.edge == "digit" else _LETTERS_AND_DIGITS
    return not barred & set(before + after)


def _is_suspect(seen: _Seen, sample: Sample) -> bool:
    """Two shares compared, of the sample and of its decoys (two-proportion z test)."""
    found, size = len(seen.values), len(sample.values)
    decoys_found, decoys = len(seen.decoys), len(sample.decoys)
    if found < _FEWEST_OF_SAMPLE or not decoys:
        return False
    pooled = (found + decoys_found) / (size + decoys)
    error = math.sqrt(pooled * (1 - pooled) * (1 / size + 1 / decoys))
    excess = found / size - decoys_found / decoys
    return error > 0 and excess > _STANDARD_ERRORS * error
