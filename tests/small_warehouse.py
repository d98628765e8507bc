"""A synthetic home with a small encrypted warehouse, written by hand for tests.

Not a test. The tables have the columns that the marts' contracts name; the figures are
chosen so that a reader sees at once what disclosure control must do to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from parity.home import Home, init
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import Keyring, open_keyring

MEASURE_COLUMNS = """
    edition varchar, reporting_month date, period_end date, level varchar,
    sub_icb_code varchar, sub_icb_name varchar,
    provider_code varchar, provider_name varchar,
    measure_id varchar, measure_name varchar, statistic varchar,
    numerator bigint, denominator bigint, value decimal(18, 6)
"""

EQUALITY_COLUMNS = """
    edition varchar, period_type varchar, period_start date, period_end date,
    level varchar, sub_icb_code varchar, sub_icb_name varchar,
    provider_code varchar, provider_name varchar,
    characteristic varchar, group_code varchar, group_label varchar,
    group_order integer, measure_id varchar, measure_name varchar, statistic varchar,
    numerator bigint, denominator bigint, value decimal(18, 6)
"""

REGISTRY = """
    select * from (values
        ('M001', 'Count_ReferralsReceived', 1, 'count', 'is_received', '', '', '', ''),
        ('M031', 'Count_AccessingServices', 2, 'count', 'is_treated', '', '', '', ''),
        ('M048', 'Mean_WaitAccessingServices', 3, 'mean', '', 'wait', '', '', ''),
        ('M076', 'Count_FinishedCourse', 4, 'count', 'is_finished', '', '', '', ''),
        ('M179', 'Count_NotAtCaseness', 5, 'count', 'is_below', '', '', '', ''),
        ('M191', 'Count_Recovery', 6, 'count', 'is_recovered', '', '', '', ''),
        ('M192', 'Percentage_Recovery', 7, 'percentage',
            '', '', 'M191', 'M076', 'M179'),
        ('M999', 'Count_NeverShown', 8, 'count', 'is_other', '', '', '', '')
    ) as registry (
        measure_id, measure_name, measure_order, statistic, flag_column,
        value_column, numerator_id, denominator_id, denominator_less_id
    )
"""

STATEMENTS = (
    "create schema warehouse.measures",
    "create schema warehouse.equality",
    "create schema warehouse.reference",
    "create schema warehouse.intermediate",
    f"create table warehouse.measures.fct_measures ({MEASURE_COLUMNS})",
    *(
        f"create table warehouse.equality.fct_equality_{name} ({EQUALITY_COLUMNS})"
        for name in ("access", "waits", "outcomes")
    ),
    f"""
    create table warehouse.reference.measure_registry as
    select
        *, 'What it counts' as description, 'monthly' as frequency,
        'Monthly metadata' as origin_publication, '2026-07' as origin_edition,
        'Core ' || measure_id as origin_row, '' as deviation
    from ({REGISTRY})
    """,
    """
    create table warehouse.reference.scale_thresholds as
    select 'phq_9' as scale_id, 10 as case_value
    """,
    """
    create table warehouse.intermediate.int_submissions_in_force as
    select * from (values
        ('primary', date '2025-02-01', uuid '00000000-0000-0000-0000-000000000001'),
        ('primary', date '2025-03-01', uuid '00000000-0000-0000-0000-000000000002'),
        ('refresh', date '2025-03-01', uuid '00000000-0000-0000-0000-000000000003')
    ) as submissions (edition, reporting_month, submission_id)
    """,
)


def make_home(root: Path) -> tuple[Home, Keyring]:
    """A new synthetic home and its open keyring."""
    home = init(root, synthetic=True)
    return home, open_keyring(home)


def write_warehouse(home: Home, keyring: Keyring, statements: Iterable[str]) -> None:
    """Run statements on the home's encrypted warehouse file."""
    connection = connect(home.spill)
    attach_encrypted(
        connection, home.warehouse_file, "warehouse", keyring.key("warehouse")
    )
    for statement in statements:
        connection.execute(statement)
    connection.close()
