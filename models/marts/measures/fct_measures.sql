with

facts as (
    select
        *,
        'month' as period_type,
        reporting_month as period_start,
        reporting_period_end_date as period_end
    from {{ ref('fct_referral_months') }}
    where is_counted
),

organisations as (
    select * from {{ ref('dim_organisations') }}
),

{{ measures('facts') }}

select
    measured.edition,
    measured.period_start as reporting_month,
    measured.period_end,
    measured.level,
    measured.sub_icb_code,
    sub_icbs.organisation_name as sub_icb_name,
    measured.provider_code,
    providers.organisation_name as provider_name,
    measured.measure_id,
    measured.measure_name,
    measured.statistic,
    measured.numerator,
    measured.denominator,
    measured.value
from measured
left join organisations as sub_icbs
    on measured.sub_icb_code = sub_icbs.organisation_code
left join organisations as providers
    on measured.provider_code = providers.organisation_code
