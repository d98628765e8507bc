"""The canonical forms of pseudonymisation.canonical for a whole column at once.

Each function gives the canonical form, or null where the form for one value raises;
tests hold the two equal. Why a value was refused is asked with `nhs_number_refusal`.
"""

from __future__ import annotations

import polars as pl

from pseudonymisation.canonical import (
    BIRTH_DATE_PLACEHOLDERS,
    BIRTH_DATE_SHAPE,
    NHS_NUMBER_PLACEHOLDERS,
    NHS_NUMBER_SHAPE,
    POSTCODE_SHAPE,
    TEST_RANGE_PREFIX,
)


def nhs_number_column(text: pl.Expr) -> pl.Expr:
    """The ten digits (String); null where there is no canonical form."""
    return pl.when(nhs_number_refusal(text).is_null()).then(_digits(text))


def nhs_number_refusal(text: pl.Expr) -> pl.Expr:
    """The code why a value has no canonical form (String); null where it has one."""
    digits = _digits(text)
    return (
        pl.when(text.is_null() | (digits == ""))
        .then(pl.lit("nhs_number_blank"))
        .when(_has_sign(text) | ~digits.str.contains(NHS_NUMBER_SHAPE))
        .then(pl.lit("nhs_number_format"))
        .when(digits.is_in(sorted(NHS_NUMBER_PLACEHOLDERS)))
        .then(pl.lit("nhs_number_placeholder"))
        .when(~_has_right_check_digit(digits))
        .then(pl.lit("nhs_number_check_digit"))
    )


def is_test_nhs_number(canonical: pl.Expr) -> pl.Expr:
    """Whether a canonical number lies in the range for tests; null stays null."""
    return canonical.str.starts_with(TEST_RANGE_PREFIX)


def postcode_column(text: pl.Expr) -> pl.Expr:
    """Postcodes in capitals with one space (String); null where there is no form."""
    squeezed = text.str.replace_all(" ", "", literal=True)
    written = squeezed.str.replace(POSTCODE_SHAPE, "${1} ${2}").str.to_uppercase()
    return pl.when(squeezed.str.contains(POSTCODE_SHAPE)).then(written)


def birth_date_column(text: pl.Expr) -> pl.Expr:
    """Days of birth (Date); null where there is no canonical form."""
    day = (
        pl.when(text.str.contains(BIRTH_DATE_SHAPE))
        .then(text)
        .str.to_date("%Y-%m-%d", strict=False)
    )
    return pl.when(~day.is_in(sorted(BIRTH_DATE_PLACEHOLDERS))).then(day)


def _has_sign(text: pl.Expr) -> pl.Expr:
    """Whether a hyphen stands before or behind it all, where it separates nothing."""
    inner = text.str.strip_chars(" ")
    return inner.str.starts_with("-") | inner.str.ends_with("-")


def _digits(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("[ -]", "")


def _has_right_check_digit(digits: pl.Expr) -> pl.Expr:
    """Modulus 11 over ten digits; null (never true) for what is not a number."""
    number = digits.cast(pl.Int64, strict=False)
    # The digit with weight w stands before w - 1 others; the check digit counts once.
    total = pl.sum_horizontal(
        [(number // 10 ** (weight - 1)) % 10 * weight for weight in range(10, 0, -1)]
    )
    return total % 11 == 0
