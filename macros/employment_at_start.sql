{#-
    The first employment status recorded inside the referral, one row per row of the grain
    that has one (national item EmploymentStatus_First). Two records of one day: the
    earlier submission and row.
-#}
{% macro employment_at_start(grain, key) %}
with

spells as (
    select * from {{ ref(grain) }}
),

employment as (
    select * from {{ ref('int_employment_linked') }}
),

recorded as (
    select
        spells.edition,
        spells.pathway_key,
        spells.reporting_month,
        employment.employment_status_code,
        employment.employment_group,
        row_number() over (
            partition by spells.edition, spells.pathway_key, spells.reporting_month
            order by
                employment.employment_status_recorded_date,
                employment.reporting_month,
                employment.row_number,
                employment.submission_id
        ) as record_rank
    from spells
    inner join employment
        on {{ events_of_spell('employment', key) }}
    where
        employment.employment_status_code is not null
        and employment.employment_status_recorded_date
        between spells.referral_request_received_date and spells.window_end_date
)

select
    edition,
    pathway_key,
    reporting_month,
    employment_status_code as employment_status_code_at_start,
    employment_group as employment_group_at_start
from recorded
where record_rank = 1
{% endmacro %}
