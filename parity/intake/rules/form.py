"""Rules on how one value is written: there or not, length, digits, dates, numbers.

Each function gives an expression over the rows of the rule's table, true where the rule
is broken. A value that is not there breaks only `blank`.
"""

from datetime import date

import polars as pl

from parity.intake.rules.context import Context, read_name
from parity.specification import Rule
from pseudonymisation.canonical_columns import nhs_number_refusal

# The first day that the data set's dates may have.
_FIRST_DAY = date(1890, 1, 1)
_POSTCODE = "^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? +[0-9][A-Za-z]{2}$"
_VERSION = r"^[0-9]{1,2}\.[0-9]{1,2}$"
_MONTH = "^[0-9]{4}[-/](0[1-9]|1[0-2])$"


def blank(rule: Rule, _: Context) -> pl.Expr:
    """No value, or blanks only."""
    return pl.col(rule.fields[0]).is_null()


def length(rule: Rule, _: Context) -> pl.Expr:
    """Not `min` to `max` characters."""
    size = pl.col(rule.fields[0]).str.len_chars()
    low, high = int(rule.parameters["min"]), int(rule.parameters["max"])
    return ~size.is_between(low, high)


def digits(rule: Rule, _: Context) -> pl.Expr:
    """Not `min` to `max` digits 0 to 9."""
    low, high = rule.parameters["min"], rule.parameters["max"]
    return ~pl.col(rule.fields[0]).str.contains(f"^[0-9]{{{low},{high}}}$")


def day(rule: Rule, _: Context) -> pl.Expr:
    """Not a date, or one before 1890; a date with a time of day is not a date."""
    return _unreadable(rule.fields[0]) | (_read(rule) < _FIRST_DAY)


def moment(rule: Rule, _: Context) -> pl.Expr:
    """Not a date with a time, or one before 1890."""
    return _unreadable(rule.fields[0]) | (_read(rule).dt.date() < _FIRST_DAY)


def time_of_day(rule: Rule, _: Context) -> pl.Expr:
    """Not a time of day."""
    return _unreadable(rule.fields[0])


def month(rule: Rule, _: Context) -> pl.Expr:
    """Not a year and a month, with a hyphen or a slash."""
    return ~pl.col(rule.fields[0]).str.contains(_MONTH)


def month_with_slash(rule: Rule, _: Context) -> pl.Expr:
    """A year and a month with a slash between them."""
    text = pl.col(rule.fields[0])
    return text.str.contains(_MONTH) & text.str.contains("/", literal=True)


def version(rule: Rule, _: Context) -> pl.Expr:
    """Not a version number."""
    return ~pl.col(rule.fields[0]).str.contains(_VERSION)


def nhs_number(rule: Rule, _: Context) -> pl.Expr:
    """Not ten digits 0 to 9 with a right check digit."""
    text = pl.col(rule.fields[0])
    shaped = text.str.contains("^[0-9]{10}$")
    return ~shaped | (nhs_number_refusal(text) == "nhs_number_check_digit")


def postcode(rule: Rule, _: Context) -> pl.Expr:
    """Not the form of a postcode, with one or more blanks before its second part."""
    return ~pl.col(rule.fields[0]).str.contains(_POSTCODE)


def _read(rule: Rule) -> pl.Expr:
    return pl.col(read_name(rule.fields[0]))


def _unreadable(field: str) -> pl.Expr:
    return pl.col(field).is_not_null() & pl.col(read_name(field)).is_null()
