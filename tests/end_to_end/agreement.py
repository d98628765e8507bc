"""Compares a built warehouse with the independent calculation and with truth files.

What belongs here: reading marts beside what the second calculation says, under the
same names, and listing what differs as names of columns or measures with a count; never
a value. Pseudonyms cannot be recomputed here, so a warehouse row finds its raw row
through the submission and the row's place in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
from independent.measures import Figure, Period
from independent.pathways import Pathway
from independent.submissions import read_submission

Rows = dict[Any, dict[str, Any]]

_SCALE_NAMES = {
    "gad_7": "GAD-7",
    "mobility_alone": "Mobility Inventory (alone)",
    "spin": "SPIN",
    "pdss": "PDSS",
    "oci": "OCI",
    "pcl_5": "PCL-5",
    "hai": "HAI",
    "biq": "BIQ",
    "ibs_sss": "IBS-SSS",
    "cfq": "CFQ",
    "phq_15": "PHQ-15",
}

# Columns of core.fct_referrals beside what the second calculation says of a pathway.
_REFERRAL_COLUMNS = {
    "latest_reporting_month": lambda p: p.month,
    "sub_icb_code": lambda p: p.sub_icb,
    "referral_request_received_date": lambda p: p.received,
    "service_discharge_date": lambda p: p.discharged,
    "care_contact_count": lambda p: p.care.contact_count,
    "attended_care_contact_count": lambda p: p.care.attended_contacts,
    "internet_therapy_log_count": lambda p: p.care.internet_logs,
    "treatment_care_contact_count": lambda p: p.care.treatment_count,
    "assessment_first_date": lambda p: p.first_assessment,
    "assessment_last_date": lambda p: next(iter(p.care.assessment_dates[::-1]), None),
    "therapy_session_first_date": lambda p: p.first_treatment,
    "therapy_session_second_date": lambda p: p.second_treatment,
    "therapy_session_last_date": lambda p: p.last_treatment,
    "days_to_first_treatment": lambda p: p.wait,
    "presenting_complaint_code": lambda p: p.problem,
    "phq_9_first_score": lambda p: p.running.phq_first,
    "phq_9_last_score": lambda p: p.course.phq_last,
    "phq_9_latest_score": lambda p: p.running.phq_latest,
    "adsm_scale_id": lambda p: p.course.adsm.name,
    "adsm_first_score": lambda p: p.course.adsm_first,
    "adsm_last_score": lambda p: p.course.adsm_last,
    "running_adsm_scale_id": lambda p: p.running.scale.name,
    "running_adsm_first_score": lambda p: p.running.first,
    "running_adsm_latest_score": lambda p: p.running.latest,
    "reliable_change_basis": lambda p: (
        "phq_9_only" if p.course.adsm.reliable_change is None else "phq_9_and_adsm"
    ),
    "is_finished_course": lambda p: p.course.is_finished,
    "is_paired": lambda p: p.outcome.is_paired,
    "is_at_caseness": lambda p: _known(p, p.outcome.is_at_caseness),
    "is_not_at_caseness": lambda p: _known(p, p.outcome.is_not_at_caseness),
    "is_recovered": lambda p: p.outcome.is_recovered,
    "is_reliably_improved": lambda p: p.outcome.is_improved,
    "is_reliably_deteriorated": lambda p: p.outcome.is_deteriorated,
    "has_no_reliable_change": lambda p: p.outcome.is_unchanged,
    "is_reliably_recovered": lambda p: p.outcome.is_reliably_recovered,
    "ethnic_group": lambda p: p.groups["ethnic_group"],
    "age_band": lambda p: p.groups["age_band"],
    "gender": lambda p: p.groups["gender"],
    "employment_group_at_start": lambda p: p.groups["employment_at_start"],
}

# The same for core.fct_referral_months.
_MONTH_COLUMNS = {
    name: how
    for name, how in {
        **_REFERRAL_COLUMNS,
        "is_counted": lambda p: p.is_counted,
    }.items()
    if name
    in {
        "sub_icb_code",
        "is_counted",
        "referral_request_received_date",
        "service_discharge_date",
        "care_contact_count",
        "treatment_care_contact_count",
        "assessment_first_date",
        "therapy_session_first_date",
        "therapy_session_second_date",
        "therapy_session_last_date",
        "days_to_first_treatment",
        "is_finished_course",
        "is_at_caseness",
    }
}


def _known(pathway: Pathway, flag: bool) -> bool | None:
    """Caseness is unknown where a finished course has no first score that tells."""
    outcome = pathway.outcome
    tells = outcome.is_at_caseness or outcome.is_not_at_caseness
    return flag if tells or not pathway.course.is_finished else None


def expected_referrals(pathways: Iterable[Pathway]) -> Rows:
    """By provider and service request, in the columns of core.fct_referrals."""
    return {
        (p.provider, p.service_request): {
            name: how(p) for name, how in _REFERRAL_COLUMNS.items()
        }
        for p in pathways
    }


def expected_months(pathways: Iterable[Pathway]) -> Rows:
    """By edition, month, provider and service request, with the groups of each."""
    return {
        (p.edition, p.month, p.provider, p.service_request): {
            **{name: how(p) for name, how in _MONTH_COLUMNS.items()},
            **p.groups,
        }
        for p in pathways
    }


class RawKeys:
    """Finds the raw service request of a landed referral row."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._requests: dict[tuple[str, date, str], list[str]] = {}
        for folder in folders:
            sent = read_submission(folder)
            self._requests[sent.provider, sent.period_start, sent.kind] = [
                row["ServiceRequestId"] for row in sent.tables["IDS101Referral"]
            ]

    def service_request(self, row: Mapping[str, Any]) -> str:
        slot = row["raw_provider"], row["raw_month"], row["raw_kind"]
        return self._requests[slot][row["raw_row_number"] - 1]


_RAW_PLACE = """
    submission.provider_code as raw_provider,
    submission.reporting_month as raw_month,
    submission.submission_kind as raw_kind,
    raw.row_number as raw_row_number
"""
_RAW_JOIN = """
    inner join landed.iapt_v2_1.ids101referral as raw
        on grain.submission_id = raw.submission_id
        and grain.service_request_key = raw.servicerequestid
    inner join landed.receipts.submission as submission
        on grain.submission_id = submission.submission_id
"""


def built_referrals(connection: duckdb.DuckDBPyConnection, keys: RawKeys) -> Rows:
    """core.fct_referrals under the raw keys."""
    rows = _records(
        connection,
        f"""
        select fct_referrals.*, {_RAW_PLACE}
        from warehouse.core.fct_referrals
        inner join warehouse.intermediate.int_referrals_latest as grain
            using (pathway_id)
        {_RAW_JOIN}
        """,
    )
    return {
        (row["provider_code"], keys.service_request(row)): _named_scales(row)
        for row in rows
    }


def built_months(connection: duckdb.DuckDBPyConnection, keys: RawKeys) -> Rows:
    """core.fct_referral_months with its characteristics, under the raw keys."""
    rows = _records(
        connection,
        f"""
        select fct_referral_months.*, groups.*, {_RAW_PLACE}
        from warehouse.core.fct_referral_months
        inner join warehouse.intermediate.int_referral_months as grain
            using (edition, reporting_month, national_pathway_id)
        inner join (
            pivot warehouse.core.fct_referral_month_characteristics
            on characteristic
            using any_value(group_code)
            group by edition, reporting_month, national_pathway_id
        ) as groups using (edition, reporting_month, national_pathway_id)
        {_RAW_JOIN}
        """,
    )
    return {
        (
            row["edition"],
            row["reporting_month"],
            row["provider_code"],
            keys.service_request(row),
        ): row
        for row in rows
    }


def _records(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _named_scales(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("adsm_scale_id", "running_adsm_scale_id"):
        row[name] = _SCALE_NAMES[row[name]]
    return row


def differing_columns(found: Rows, expected: Rows) -> dict[str, int]:
    """How many rows differ in each expected column; rows only one side has, too."""
    different = Counter(
        name
        for key in found.keys() & expected.keys()
        for name, value in expected[key].items()
        if found[key][name] != value
    )
    different["(row missing)"] = len(expected.keys() - found.keys())
    different["(row too many)"] = len(found.keys() - expected.keys())
    return {name: count for name, count in different.items() if count}


Figures = dict[tuple[Any, ...], Figure]


def expected_figures(cells: Mapping[Any, Mapping[str, Figure]]) -> Figures:
    """Figures of measures.by_organisation or by_group under flat keys."""
    return {
        (*_flat(cell), measure): figure
        for cell, of_measures in cells.items()
        for measure, figure in of_measures.items()
    }


def _flat(cell: tuple[Any, ...]) -> tuple[Any, ...]:
    period, organisation, *group = cell
    return (*period, *organisation, *group)


def monthly(cells: Mapping[Any, Any]) -> dict[Any, Any]:
    """Only the cells of months: core measures have no years."""
    return {cell: value for cell, value in cells.items() if _period(cell)[1] == "month"}


def _period(cell: tuple[Any, ...]) -> Period:
    period: Period = cell[0]
    return period


def built_measures(connection: duckdb.DuckDBPyConnection) -> Figures:
    """measures.fct_measures under the same keys."""
    return _figures(
        connection,
        """
        select edition, 'month', reporting_month, period_end,
            level, sub_icb_code, provider_code,
            measure_id, numerator, denominator, value
        from warehouse.measures.fct_measures
        """,
    )


def built_equality(connection: duckdb.DuckDBPyConnection) -> Figures:
    """The three equality marts together."""
    columns = """
        edition, period_type, period_start, period_end,
        level, sub_icb_code, provider_code, characteristic, group_code,
        measure_id, numerator, denominator, value
    """
    return _figures(
        connection,
        f"""
        select {columns} from warehouse.equality.fct_equality_access
        union all select {columns} from warehouse.equality.fct_equality_waits
        union all select {columns} from warehouse.equality.fct_equality_outcomes
        """,
    )


def _figures(connection: duckdb.DuckDBPyConnection, query: str) -> Figures:
    rows = connection.execute(query).fetchall()
    found = {
        tuple(row[:-3]): Figure(row[-3], row[-2], _fraction(row[-1])) for row in rows
    }
    if len(found) != len(rows):
        raise AssertionError("a cell and measure stand more than once")
    return found


def _fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def differing_measures(found: Figures, expected: Figures) -> dict[str, int]:
    """How many cells differ for each measure.

    Counts must be equal. Values agree to a millionth and print the same at the one
    decimal of publications.
    """
    different = Counter(
        key[-1]
        for key in found.keys() & expected.keys()
        if not _agree(found[key], expected[key])
    )
    different["(cell missing)"] = len(expected.keys() - found.keys())
    different["(cell too many)"] = len(found.keys() - expected.keys())
    return {name: count for name, count in different.items() if count}


def _agree(found: Figure, expected: Figure) -> bool:
    counts = found.numerator == expected.numerator
    denominators = found.denominator == expected.denominator
    if found.value is None or expected.value is None:
        return counts and denominators and found.value is expected.value
    close = abs(found.value - expected.value) <= Fraction(1, 1_000_000)
    printed = one_decimal(found.value) == one_decimal(expected.value)
    return counts and denominators and close and printed


def one_decimal(value: Fraction) -> Decimal:
    """As publications print it: halves away from zero."""
    tenths = Decimal(int(abs(value) * 10 + Fraction(1, 2))) / 10
    return -tenths if value < 0 else tenths
