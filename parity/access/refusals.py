"""What a person is told when a statement fails: the kind, never a value.

DuckDB's messages quote what they choke on: a value that does not cast, a row that
breaks a rule. None of them is passed on. A name may be said back when it stands in the
person's own statement, so that a misspelt column is found.
"""

from __future__ import annotations

import re

import duckdb

from pseudonymisation.errors import CodedError

_DATA, _USAGE, _OURS = 1, 2, 3


class Refusal(CodedError):
    """A statement that was not run, or did not end. exit_code: 1, 2 or 3."""

    def __init__(self, code: str, message: str, exit_code: int = _USAGE) -> None:
        super().__init__(code, message)
        self.exit_code = exit_code


# Most particular first: DuckDB's classes inherit from each other.
_KINDS: tuple[tuple[type[duckdb.Error], str, str, int], ...] = (
    (duckdb.InterruptException, "too_long", "the statement took too long", _USAGE),
    (
        duckdb.OutOfMemoryException,
        "too_big",
        "it needs more memory than allowed",
        _USAGE,
    ),
    (
        duckdb.PermissionException,
        "refused",
        "this session reads its package and nothing else",
        _USAGE,
    ),
    (duckdb.ParserException, "syntax", "this is not valid SQL", _USAGE),
    (duckdb.SyntaxException, "syntax", "this is not valid SQL", _USAGE),
    (duckdb.CatalogException, "unknown_name", "no such table or function", _USAGE),
    (duckdb.BinderException, "unknown_name", "a name does not fit here", _USAGE),
    (
        duckdb.ConversionException,
        "conversion",
        "a value does not convert to the type asked for",
        _DATA,
    ),
    (
        duckdb.OutOfRangeException,
        "out_of_range",
        "a number is out of the range of its type",
        _DATA,
    ),
    (
        duckdb.InvalidInputException,
        "invalid_input",
        "a function was given what it cannot use",
        _DATA,
    ),
    (duckdb.InternalException, "internal", "the engine failed", _OURS),
    (duckdb.FatalException, "internal", "the engine failed", _OURS),
)

# How DuckDB says which name it did not find.
_NAMED = (
    (
        re.compile(r'Referenced column "([^"]+)" (?:was )?not found'),
        "there is no column",
    ),
    (re.compile(r'does not have a column named "([^"]+)"'), "there is no column"),
    (re.compile(r'Referenced table "([^"]+)" not found'), "there is no table"),
    (re.compile(r"Table with name (\S+) does not exist"), "there is no table"),
    (re.compile(r"Function with name (\S+) does not exist"), "there is no function"),
    (re.compile(r'Ambiguous reference to column name "([^"]+)"'), "ambiguous column"),
    (re.compile(r'syntax error at or near "([^"]+)"'), "this is not valid SQL, near"),
)


def refusal_of(error: duckdb.Error, sql: str) -> Refusal:
    """The refusal to show for an engine's error about a statement."""
    for kind, code, message, exit_code in _KINDS:
        if isinstance(error, kind):
            said = message
            if code in ("unknown_name", "syntax"):
                said = _with_name(str(error), sql) or message
            return Refusal(code, said, exit_code)
    return Refusal("failed", "the statement failed", _DATA)


def _with_name(text: str, sql: str) -> str | None:
    """A sentence with the name that was not found, if the person wrote it himself."""
    for pattern, sentence in _NAMED:
        match = pattern.search(text)
        if match and match[1].lower() in sql.lower():
            return f"{sentence} {match[1]}"
    return None
