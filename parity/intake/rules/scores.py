"""Rules on assessment scores: a known tool, the form of its score, its range.

What each tool allows stands in the scales of the specification. A tool whose form is
not known has no form rule; an unknown tool breaks only `assessment_tool`.
"""

import re
from collections.abc import Callable

import polars as pl

from parity.intake.rules.context import Context
from parity.specification import Rule, Scale

_TOOL = "CodedAssToolType"
_SCORE = "PersScore"
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_COUNT = re.compile("([0-9])(?:-([0-9]))? (digit|letter)s?")
_DECIMAL = re.compile("digit, point, ([0-9])-([0-9]) digits")


def assessment_tool(_: Rule, context: Context) -> pl.Expr:
    """Not a tool of the data set."""
    known = sorted(context.spec.accepted_codes("assessment_tool"))
    return ~pl.col(_TOOL).is_in(known)


def score_form(_: Rule, context: Context) -> pl.Expr:
    """Not written as scores of the tool are."""
    return _any_tool(context, _wrong_form)


def score_range(_: Rule, context: Context) -> pl.Expr:
    """Outside the range, or the answers, of the tool."""
    return _any_tool(context, _out_of_range)


def _any_tool(context: Context, test: Callable[[Scale, pl.Expr], pl.Expr]) -> pl.Expr:
    score = pl.col(_SCORE)
    return pl.any_horizontal(
        (pl.col(_TOOL) == scale.snomed_code) & test(scale, score)
        for scale in context.spec.scales
    )


def _wrong_form(scale: Scale, score: pl.Expr) -> pl.Expr:
    if not scale.value_format:
        return pl.lit(value=False)
    return ~score.str.contains(form_pattern(scale.value_format))


def _out_of_range(scale: Scale, score: pl.Expr) -> pl.Expr:
    if scale.answers:
        return ~score.is_in(list(scale.answers))
    number = pl.when(score.str.contains(_NUMBER)).then(score).cast(pl.Float64)
    return (number < scale.minimum) | (number > scale.maximum)


def form_pattern(value_format: str) -> str:
    """Regular expression of a form such as "1-2 digits".

    Raises:
        ValueError: the scales name a form that is not known here.
    """
    if found := _DECIMAL.fullmatch(value_format):
        return rf"^[0-9]\.[0-9]{{{found[1]},{found[2]}}}$"
    if found := _COUNT.fullmatch(value_format):
        signs = "[0-9]" if found[3] == "digit" else "[A-Za-z]"
        return f"^{signs}{{{found[1]},{found[2] or found[1]}}}$"
    raise ValueError(f"no form of scores is called {value_format}")
