"""Rules that look a value up: code lists, coding schemes, reference data, the slot.

Each function gives an expression over the rows of the rule's table, true where the rule
is broken. A value that is not there breaks none of them, unless `combination` says so.
"""

from collections.abc import Callable

import polars as pl

from parity.intake.rules.context import Context, NotCheckedError
from parity.intake.rules.snomed import is_concept, is_expression
from parity.specification import Rule
from pseudonymisation.canonical_columns import postcode_column


def code_list(rule: Rule, context: Context) -> pl.Expr:
    """Not a code that a provider may send in this version, or in the one named."""
    accepted = context.spec.accepted_codes(
        rule.parameters["list"], rule.parameters.get("version", "")
    )
    return ~_in(pl.col(rule.fields[0]), accepted)


def differs(rule: Rule, context: Context) -> pl.Expr:
    """Not what the slot or the specification says."""
    expected = {
        "version": context.spec.version,
        "provider": context.slot.provider_code,
        "period_start": context.slot.period_start.isoformat(),
        "period_end": context.slot.period_end.isoformat(),
    }
    return pl.col(rule.fields[0]) != expected[rule.parameters["from"]]


def combination(rule: Rule, context: Context) -> pl.Expr:
    """All conditions hold: `FIELD filled`, `FIELD blank`, `FIELD in a,b`, `not in`."""
    return met(rule.parameters["when"], context)


def met(when: str, context: Context) -> pl.Expr:
    """Conditions joined by ` & ` as one expression; no value is in no list."""
    return pl.all_horizontal(
        _condition(part, context) for part in when.split(" & ")
    ).fill_null(value=False)


def _condition(text: str, context: Context) -> pl.Expr:
    field, _, rest = text.partition(" ")
    column = pl.col(field)
    if rest == "filled":
        return column.is_not_null()
    if rest == "blank":
        return column.is_null()
    negated = rest.startswith("not ")
    codes = rest.removeprefix("not ").removeprefix("in ")
    if codes.startswith("list:"):
        accepted = context.spec.accepted_codes(codes.removeprefix("list:"))
    else:
        accepted = frozenset(codes.split(","))
    listed = _in(column, accepted).fill_null(value=False)
    return ~listed if negated else listed


def snomed_expression(rule: Rule, context: Context) -> pl.Expr:
    """Neither a SNOMED CT concept nor an expression, of `min` to `max` characters."""
    low, high = int(rule.parameters["min"]), int(rule.parameters["max"])
    return _failing(
        rule, context, lambda text: low <= len(text) <= high and is_expression(text)
    )


def scheme_form(rule: Rule, context: Context) -> pl.Expr:
    """Not the form of the scheme in the field `scheme`; other schemes have no test."""
    scheme = pl.col(rule.parameters["scheme"])
    size = pl.col(rule.fields[0]).str.len_chars()
    wrong_icd10 = (scheme == rule.parameters["icd10"]) & ~size.is_between(4, 6)
    wrong_concept = _failing(rule, context, is_concept)
    return wrong_icd10 | ((scheme == rule.parameters["snomed"]) & wrong_concept)


def organisation(rule: Rule, context: Context) -> pl.Expr:
    """No organisation of the reference, of type `types`, live at the period's start."""
    known = context.reference.organisations
    wanted = rule.parameters["types"]
    if wanted != "any":
        known = known.filter(pl.col("organisation_type") == wanted)
    if known.is_empty():
        raise NotCheckedError(f"the reference data holds no organisation ({wanted})")
    start = context.slot.period_start
    live = known.filter(
        (pl.col("valid_from").is_null() | (pl.col("valid_from") <= start))
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= start))
    )
    return _unknown(rule, context, live.get_column("organisation_code"))


def practice(rule: Rule, context: Context) -> pl.Expr:
    """No practice of the reference."""
    known = context.reference.practices
    if known.is_empty():
        raise NotCheckedError("the reference data holds no practices")
    return _unknown(rule, context, known.get_column("practice_code"))


def live_postcode(rule: Rule, context: Context) -> pl.Expr:
    """No live postcode of the reference."""
    known = context.reference.postcodes
    if known.is_empty():
        raise NotCheckedError("the reference data holds no postcodes")
    live = known.filter(pl.col("is_live")).get_column("postcode")
    column = pl.col(rule.fields[0])
    canonical = postcode_column(column)
    return column.is_not_null() & ~canonical.is_in(live.implode()).fill_null(
        value=False
    )


def not_checked(rule: Rule, _: Context) -> pl.Expr:
    """A rule of the portal that cannot be evaluated here, and why."""
    raise NotCheckedError(rule.parameters["reason"])


def _unknown(rule: Rule, context: Context, known: pl.Series) -> pl.Expr:
    """Neither known nor one of the field's default codes."""
    listed = context.field(rule).code_list
    defaults = context.spec.accepted_codes(listed) if listed else frozenset[str]()
    column = pl.col(rule.fields[0])
    return ~column.is_in(known.unique().implode()) & ~_in(column, defaults)


def _in(column: pl.Expr, codes: frozenset[str]) -> pl.Expr:
    return column.is_in(pl.Series(sorted(codes), dtype=pl.String).implode())


def _failing(rule: Rule, context: Context, is_right: Callable[[str], bool]) -> pl.Expr:
    """Values that a test refuses; it is asked once for each different value."""
    field = rule.fields[0]
    values = context.rows[rule.table].get_column(field).drop_nulls().unique()
    wrong = frozenset(value for value in values if not is_right(value))
    return _in(pl.col(field), wrong)
