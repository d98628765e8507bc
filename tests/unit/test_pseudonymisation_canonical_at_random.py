"""A hundred thousand spoiled numbers: what is accepted says the digits that were sent.

The rule under test is short: a canonical number is the text without its spaces and the
hyphens between its digits, or there is none. So two numbers can never become one, and
one number written in two ways either meets itself or is refused. The oracle here writes
that rule out anew, by the published weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pytest
from scale import generator, scale

from pseudonymisation.canonical import birth_date, nhs_number, postcode
from pseudonymisation.canonical_columns import (
    birth_date_column,
    nhs_number_column,
    nhs_number_refusal,
    postcode_column,
)
from pseudonymisation.encoding import text_part
from pseudonymisation.errors import IdentifierRefused
from pseudonymisation.keyed_hash import token_column
from pseudonymisation.keys import generate_key

DIGITS = "0123456789"
NOISE = [
    *" -.,'\"_+=eExO\t\n\r\0\u00a0\u2009\u200b\u200d\ufeff\u2010\u2011\u2013\u2212",
    *"\u0669\u0660\u06f9\uff19\uff10\u00b9\u2078\U0001d7d6\u0301",
    *[".0", "E9", "\r\n", "  ", "--", "0x"],
]
PLACEHOLDERS = [digit * 10 for digit in DIGITS] + ["0123456789", "9876543210"]
BLANKS = ["", " ", "   ", "-", " - ", "--"]


def right_number(nine: str) -> str | None:
    """Nine digits and their check digit, where there is one."""
    weighed = sum(int(nine[place]) * (10 - place) for place in range(9))
    check = 11 - weighed % 11
    return None if check == 10 else nine + str(check % 11)


def oracle(text: str) -> str | None:
    """The canonical number, or None."""
    signs = [sign for sign in text if sign != " "]
    left = [sign for sign in signs if sign != "-"]
    if (
        not left
        or "-" in (signs[0], signs[-1])
        or len(left) != 10
        or not set(left) <= set(DIGITS)
    ):
        return None
    number = "".join(left)
    right = right_number(number[:9]) == number and number not in PLACEHOLDERS
    return number if right else None


def spoiled(text: str, rng: np.random.Generator) -> str:
    """A text after one change: a digit, a sign more, a sign less, two swapped."""
    place = int(rng.integers(0, len(text) + 1))
    kind = int(rng.integers(0, 5))
    if kind == 0:
        return text[:place] + DIGITS[int(rng.integers(10))] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[: max(place - 2, 0)] + text[place - 2 : place][::-1] + text[place:]
    return text[:place] + NOISE[int(rng.integers(len(NOISE)))] + text[place:]


def numbers() -> Iterator[str]:
    """Right numbers in usual spellings, spoiled no, one, two or three times."""
    rng = generator("canonical numbers")
    for nine in rng.integers(0, 10**9, scale(25_000)).tolist():
        number = right_number(f"{nine:09d}") or f"{nine:09d}0"
        text = number
        if nine % 3 == 0:
            sign = " -"[nine % 2]
            text = sign.join((number[:3], number[3:6], number[6:]))
        for times in range(4):
            yield text
            if times < 3:
                text = spoiled(text, rng) or number


@pytest.fixture(scope="module")
def sent() -> list[str]:
    """The spoiled numbers."""
    return list(numbers())


@pytest.fixture(scope="module")
def wanted(sent: list[str]) -> list[str | None]:
    """What the oracle says of each."""
    return [oracle(text) for text in sent]


def column_of(expression: pl.Expr, texts: list[str | None]) -> list[str | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(expression).to_series().cast(pl.String).to_list()


def result_of(text: str) -> tuple[str | None, str | None]:
    """The canonical number and the code of the refusal: one of them is None."""
    try:
        return nhs_number(text), None
    except IdentifierRefused as refusal:
        return None, refusal.code


@pytest.mark.attack(16, 17)
def test_value_and_column_say_the_digits_that_were_sent_or_nothing(
    sent: list[str], wanted: list[str | None]
) -> None:
    """Value, column and oracle agree, on forms and on the codes of refusals."""
    found = [result_of(text) for text in sent]
    assert [number for number, _ in found] == wanted
    assert column_of(nhs_number_column(pl.col("text")), [*sent]) == wanted
    codes = column_of(nhs_number_refusal(pl.col("text")), [*sent])
    assert codes == [code for _, code in found]


@pytest.mark.attack(16)
def test_twice_is_once(wanted: list[str | None]) -> None:
    """Canonical forms are their own canonical form, by value and by column."""
    forms = [form for form in wanted if form is not None]
    assert column_of(nhs_number_column(pl.col("text")), [*forms]) == forms
    assert [nhs_number(form) for form in forms[:20_000]] == forms[:20_000]


def test_the_spoiled_numbers_show_both(
    sent: list[str], wanted: list[str | None]
) -> None:
    """The control: many accepted, many refused by each code, many signs seen."""
    assert scale(20_000) < sum(form is not None for form in wanted) < scale(80_000)
    codes = column_of(nhs_number_refusal(pl.col("text")), [*sent])
    assert {"nhs_number_format", "nhs_number_check_digit"} <= set(codes)
    assert set("".join(NOISE)) <= set("".join(sent))
    changed = [t for t, w in zip(sent, wanted, strict=True) if w and t != w]
    assert len(changed) > scale(5_000)


@pytest.mark.attack(16)
def test_integers_never_do_what_databases_do() -> None:
    """What a cast to an integer would take for the number is refused or the same.

    A cast accepts blanks, fractions, underscores, exponents, signs and lost zeros.
    """
    assert int("999_000_0018") == int(" 9990000018\n") == int("\uff19990000018")
    for text in ("999_000_0018", " 9990000018\n", "\uff19990000018", "9990000018.0"):
        assert result_of(text) == (None, "nhs_number_format")


@pytest.mark.attack(17, 18)
@pytest.mark.parametrize("text", [*PLACEHOLDERS, *BLANKS])
def test_ten_thousand_with_one_placeholder_share_nothing(text: str) -> None:
    """They get null: no canonical number, no token, so nobody's identity."""
    spellings = [text, f" {text}", f"{text[:3]} {text[3:6]} {text[6:]}", f"{text}-"]
    frame = pl.DataFrame({"text": spellings * 2_500})
    number = nhs_number_column(pl.col("text"))
    token = token_column(generate_key(), "nhs-number", text_part(number))
    found = frame.select(number.alias("number"), token.alias("token"))
    assert found.null_count().row(0) == (10_000, 10_000)


@pytest.mark.attack(18)
def test_ten_thousand_unknowns_share_nothing() -> None:
    """Null in, null out: number, postcode, birth date and the tokens of each."""
    frame = pl.DataFrame({"text": [None] * 10_000}, schema={"text": pl.String})
    forms = {
        "number": nhs_number_column(pl.col("text")),
        "postcode": postcode_column(pl.col("text")),
        "birth": birth_date_column(pl.col("text")),
    }
    key = generate_key()
    tokens = {
        f"{name}_token": token_column(key, name, text_part(form.cast(pl.String)))
        for name, form in forms.items()
    }
    found = frame.select(**forms, **tokens)
    assert set(found.null_count().row(0)) == {10_000}
    beside = token_column(key, "local-patient", "ZZ1", text_part(pl.col("text")))
    assert frame.select(beside).to_series().null_count() == 10_000


@pytest.mark.attack(16)
@pytest.mark.parametrize(
    ("form", "column", "good"),
    [
        (postcode, postcode_column, ["ZZ99 3VZ", "m1 1aa", "EC1A1BB", "w1a 0ax"]),
        (birth_date, birth_date_column, ["1980-02-29", "1970-01-01", "2024-12-31"]),
    ],
)
def test_spoiled_postcodes_and_birth_dates(
    form: Callable[[str], object], column: Callable[[pl.Expr], pl.Expr], good: list[str]
) -> None:
    """Value and column agree; the form is what was sent, but for blanks and case."""
    rng = generator("canonical others")
    texts: list[str | None] = []
    for _ in range(scale(10_000)):
        text = good[int(rng.integers(len(good)))]
        for _ in range(int(rng.integers(1, 4))):
            text = spoiled(text, rng)
        texts.append(text)
    found = column_of(column(pl.col("text")), texts)
    accepted = 0
    for text, result in zip(texts, found, strict=True):
        assert text is not None
        if result is None:
            with pytest.raises(IdentifierRefused):
                form(text)
        else:
            accepted += 1
            assert str(form(text)) == result
            assert result.replace(" ", "") == text.replace(" ", "").upper()
            assert str(form(result)) == result
    assert scale(500) < accepted < scale(9_500)
