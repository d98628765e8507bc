{#-
    The official measures of one equality table by characteristic and group, for each
    month and financial year: the published-measure view (period counts), never mixed with
    a cohort followed through time. Every group of every characteristic has its row.
-#}
{% macro equality_measures(equality_table) %}
with

referral_months as (
    select * from {{ ref('fct_referral_months') }}
    where is_counted
),

characteristics as (
    select * from {{ ref('fct_referral_month_characteristics') }}
),

groups as (
    select * from {{ ref('characteristic_groups') }}
),

organisations as (
    select * from {{ ref('dim_organisations') }}
),

by_characteristic as (
    select
        referral_months.*,
        characteristics.characteristic,
        characteristics.group_code
    from referral_months
    inner join characteristics
        on
            referral_months.edition = characteristics.edition
            and referral_months.national_pathway_id = characteristics.national_pathway_id
            and referral_months.reporting_month = characteristics.reporting_month
),

facts as (
    select
        *,
        'month' as period_type,
        reporting_month as period_start,
        reporting_period_end_date as period_end
    from by_characteristic
    union all
    select
        *,
        'financial_year' as period_type,
        {{ financial_year_start('reporting_month') }} as period_start,
        max(reporting_period_end_date) over (
            partition by edition, {{ financial_year_start('reporting_month') }}
        ) as period_end
    from by_characteristic
),

{{ measures(
    'facts',
    dimensions=['characteristic', 'group_code'],
    grid='groups',
    equality_table=equality_table
) }}

select
    measured.edition,
    measured.period_type,
    measured.period_start,
    measured.period_end,
    measured.level,
    measured.sub_icb_code,
    sub_icbs.organisation_name as sub_icb_name,
    measured.provider_code,
    providers.organisation_name as provider_name,
    measured.characteristic,
    measured.group_code,
    groups.group_label,
    groups.group_order,
    measured.measure_id,
    measured.measure_name,
    measured.statistic,
    measured.numerator,
    measured.denominator,
    measured.value
from measured
inner join groups
    on
        measured.characteristic = groups.characteristic
        and measured.group_code = groups.group_code
left join organisations as sub_icbs
    on measured.sub_icb_code = sub_icbs.organisation_code
left join organisations as providers
    on measured.provider_code = providers.organisation_code
{% endmacro %}
