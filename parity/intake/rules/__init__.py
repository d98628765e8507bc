"""The kinds of rule, by the names that rules.csv uses.

What belongs here: the register. A rule is a row of rules.csv; a kind is a function that
turns the row into an expression over its table, true where the rule is broken. Kinds
that look at the whole file (`FILE_KINDS`) or at what is left when rows have fallen
(`LATE_KINDS`) are evaluated by `parity.intake.validation`.
"""

from collections.abc import Callable, Mapping

import polars as pl

from parity.intake.rules import codes, dates, form, keys, scores
from parity.intake.rules.context import Context, NotCheckedError
from parity.specification import Rule

RowTest = Callable[[Rule, Context], pl.Expr]

ROW_KINDS: Mapping[str, RowTest] = {
    "assessment_tool": scores.assessment_tool,
    "birth_date": dates.birth_date,
    "blank": form.blank,
    "code_list": codes.code_list,
    "combination": codes.combination,
    "compare": dates.compare,
    "compare_time": dates.compare_time,
    "date": form.day,
    "differs": codes.differs,
    "digits": form.digits,
    "duplicate": keys.duplicate,
    "length": form.length,
    "live_postcode": codes.live_postcode,
    "month": form.month,
    "month_with_slash": form.month_with_slash,
    "nhs_number": form.nhs_number,
    "no_follow_up": keys.no_follow_up,
    "not_checked": codes.not_checked,
    "organisation": codes.organisation,
    "orphan": keys.orphan,
    "postcode": form.postcode,
    "practice": codes.practice,
    "registration_not_continued": keys.registration_not_continued,
    "scheme_form": codes.scheme_form,
    "score_form": scores.score_form,
    "score_range": scores.score_range,
    "snomed_expression": codes.snomed_expression,
    "time": form.time_of_day,
    "timestamp": form.moment,
    "version": form.version,
}
FILE_KINDS = frozenset({"structure", "no_rows", "no_row_in_period", "header"})
LATE_KINDS = frozenset({"no_child", "nothing_left"})

__all__ = [
    "FILE_KINDS",
    "LATE_KINDS",
    "ROW_KINDS",
    "Context",
    "NotCheckedError",
    "RowTest",
]
