"""The frozen objects that hold one version of the data set.

What belongs here: the shapes and the few facts that follow from one row alone (the
landed type of a field, the domain of a pseudonym). Reading files stands in `loader`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

LANDED_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "month": "VARCHAR",
    "version": "VARCHAR",
    "digits": "VARCHAR",
    "snomed_ct": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "uuid": "UUID",
}
"""Type of a field or an added column -> DuckDB type of its landed column."""

_PSEUDONYM = "pseudonym:"
# A birth date and a postcode leave no column of their own: what is made of them stands
# in derived.csv under other names. The programme keeps its column, as a code.
_REPLACED = frozenset({"drop", "generalise:age", "generalise:area"})


@dataclass(frozen=True)
class Field:
    """One submitted column, as the data set defines it.

    `min_length` and `max_length` count characters; `mandation` is M (mandatory),
    R (required when known), P (pilot) or empty (unknown).
    """

    table: str
    name: str
    column: str
    item_name: str
    uid: str
    sequence: int
    type: str
    min_length: int
    max_length: int
    mandation: str
    mandation_verified: str
    key_role: str
    code_list: str
    identifier_class: str
    sensitivity: str
    treatment: str
    note: str
    source: str

    @property
    def pseudonym_domain(self) -> str | None:
        """Domain of the key that replaces the value, or None where none does."""
        if self.treatment.startswith(_PSEUDONYM):
            return self.treatment.removeprefix(_PSEUDONYM)
        return None

    @property
    def is_landed(self) -> bool:
        """Whether the landed table has a column of this name."""
        return self.treatment not in _REPLACED

    @property
    def landed_type(self) -> str:
        """DuckDB type of the landed column."""
        return "UUID" if self.pseudonym_domain else LANDED_TYPES[self.type]


@dataclass(frozen=True)
class Derived:
    """One column that the pseudonymiser adds to a landed table."""

    table: str
    name: str
    column: str
    type: str
    sensitivity: str
    derivation: str
    meaning: str
    source: str

    @property
    def landed_type(self) -> str:
        """DuckDB type of the landed column."""
        return LANDED_TYPES[self.type]


@dataclass(frozen=True)
class Table:
    """One table of the data set with its submitted and its added columns, in order.

    `parent_key` is the column by which a row hangs below `parent_table`; both are
    empty for a table that hangs below nothing.
    """

    name: str
    entities: str
    one_row_is: str
    parent_table: str
    parent_key: str
    staged: bool
    fields: tuple[Field, ...]
    derived: tuple[Derived, ...]

    @property
    def field_names(self) -> tuple[str, ...]:
        """Official column names in the published order."""
        return tuple(item.name for item in self.fields)

    @property
    def landed_columns(self) -> tuple[tuple[str, str], ...]:
        """(name, DuckDB type) of each landed column, in order."""
        kept = tuple((f.name, f.landed_type) for f in self.fields if f.is_landed)
        added = tuple((d.name, d.landed_type) for d in self.derived)
        return (("submission_id", "UUID"), ("row_number", "INTEGER"), *kept, *added)


@dataclass(frozen=True)
class Rule:
    """One validation rule.

    `level` is file, group, record or warning; `kind` names the test in
    `parity.intake.rules`; `parameters` are that test's settings. `message` and
    `remedy` are for the provider, and never hold a value. `verified` is "yes" only
    where the wording and the test were read from a primary source.
    """

    rule_id: str
    level: str
    table: str
    fields: tuple[str, ...]
    kind: str
    parameters: Mapping[str, str]
    message: str
    remedy: str
    verified: str
    source: str


@dataclass(frozen=True)
class Code:
    """One row of a code list and the versions (empty last: still) that it holds in."""

    code: str
    kind: str
    first_version: str
    last_version: str

    def is_valid_in(self, version: str) -> bool:
        """Whether the row holds in a version; pilots hold in none."""
        wanted, first = _number(version), _number(self.first_version)
        last = _number(self.last_version) if self.last_version else wanted
        if wanted is None or first is None or last is None:
            return False
        return first <= wanted <= last

    @property
    def may_be_sent(self) -> bool:
        """False for values that only we derive, and for descriptions in brackets."""
        return self.kind != "derived" and not self.code.startswith("(")


def _number(version: str) -> tuple[int, ...] | None:
    """Version as comparable numbers; None for a pilot, which is no version."""
    if not version[:1].isdigit():
        return None
    return tuple(int(part) for part in version.split("."))


@dataclass(frozen=True)
class Scale:
    """One assessment tool: the values that its score may take.

    `value_format` is a short description ("1-2 digits"), empty where none is known;
    `minimum` and `maximum` are None where the answers are letters (`answers`).
    """

    scale_id: str
    snomed_code: str
    family: str
    minimum: float | None
    maximum: float | None
    answers: tuple[str, ...]
    value_format: str


@dataclass(frozen=True)
class Specification:
    """One version of the data set.

    `padded_codes` holds the width of the numeric codes that arrive with and without
    a leading zero or a blank, by (table, field).
    """

    version: str
    tables: Mapping[str, Table]
    rules: tuple[Rule, ...]
    code_lists: Mapping[str, tuple[Code, ...]] = field(repr=False)
    scales: tuple[Scale, ...] = field(repr=False)
    padded_codes: Mapping[tuple[str, str], int]

    def code_list(self, name: str) -> frozenset[str]:
        """Every code of a list that is valid in this version.

        Raises:
            KeyError: no list has this name.
        """
        rows = self.code_lists[name]
        return frozenset(row.code for row in rows if row.is_valid_in(self.version))

    def accepted_codes(self, name: str, version: str = "") -> frozenset[str]:
        """Codes of a list that a provider may send in a version (empty: this one).

        Raises:
            KeyError: no list has this name.
        """
        wanted = version or self.version
        return frozenset(
            row.code
            for row in self.code_lists[name]
            if row.is_valid_in(wanted) and row.may_be_sent
        )
