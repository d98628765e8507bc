"""Rules on keys: what stands there twice, what hangs below nothing.

Each function gives an expression over the rows of the rule's table, true where the rule
is broken by what was sent. Rows that fall because other rows fell are found later, in
`parity.intake.fall`.
"""

import polars as pl

from parity.intake.rules.codes import met
from parity.intake.rules.context import Context, read_name
from parity.specification import Rule


def duplicate(rule: Rule, context: Context) -> pl.Expr:
    """Rows, among those that meet `only`, that are equal in all fields of the rule.

    nulls=equal: two that lack a field are equal in it; nulls=never: they are not.
    """
    counted = pl.lit(value=True)
    if "only" in rule.parameters:
        counted = met(rule.parameters["only"], context)
    if rule.parameters["nulls"] == "never":
        filled = pl.all_horizontal(pl.col(name).is_not_null() for name in rule.fields)
        counted = counted & filled
    together = counted.cast(pl.Int64).sum().over(list(rule.fields))
    return counted & (together > 1)


def orphan(rule: Rule, context: Context) -> pl.Expr:
    """No row of the table `parent` was sent with the same key; a blank key is none."""
    key = rule.fields[0]
    return ~pl.col(key).is_in(_keys(context, rule.parameters["parent"], key))


def no_follow_up(rule: Rule, context: Context) -> pl.Expr:
    """Discharged before the period, without a later contact or questionnaire.

    A contact counts by its type (`appointment_types`), a score by the `family` of its
    tool, whether it hangs below the referral or below an activity.
    """
    ended = pl.col(read_name("ServDischDate")) < context.slot.period_start
    types = rule.parameters["appointment_types"].split(",")
    contacts = context.rows["IDS201CareContact"]
    follow_ups = contacts.filter(pl.col("AppType").is_in(types))
    answered = _questionnaires(rule.parameters["family"], contacts, context)
    alive = pl.concat([follow_ups.get_column("ServiceRequestId"), answered])
    return ended & ~pl.col("ServiceRequestId").is_in(alive.unique().implode())


def _questionnaires(family: str, contacts: pl.DataFrame, context: Context) -> pl.Series:
    tools = [s.snomed_code for s in context.spec.scales if s.family == family]
    of_family = pl.col("CodedAssToolType").is_in(tools)
    activities = context.rows["IDS202CareActivity"]
    referral = context.rows["IDS606CodedScoreAssessmentRefer"].filter(of_family)
    activity = (
        context.rows["IDS607CodedScoreAssessmentAct"]
        .filter(of_family)
        .select("CareActId")
        .join(activities.select("CareActId", "CareContactId"), on="CareActId")
        .join(contacts.select("CareContactId", "ServiceRequestId"), on="CareContactId")
    )
    return pl.concat(
        [
            referral.get_column("ServiceRequestId"),
            activity.get_column("ServiceRequestId"),
        ]
    )


def registration_not_continued(_: Rule, context: Context) -> pl.Expr:
    """A registration ended, and none at another practice begins then or later."""
    rows = context.rows["IDS002GP"]
    ended, begun = (
        read_name("EndDateGMPRegistration"),
        read_name("StartDateGMPRegistration"),
    )
    followed = rows.join(rows, on="LocalPatientId", suffix=" other").filter(
        (pl.col("GMPCodeReg") != pl.col("GMPCodeReg other"))
        & (pl.col(f"{begun} other") >= pl.col(ended))
    )
    continued = followed.get_column("row_number").unique().implode()
    return pl.col(ended).is_not_null() & ~pl.col("row_number").is_in(continued)


def _keys(context: Context, table: str, key: str) -> pl.Series:
    return context.rows[table].get_column(key).drop_nulls().unique().implode()
