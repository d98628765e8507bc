-- Registry against results: every organisation and month has every measure of the
-- registry under its name and statistic, and no other. Returns counts by measure.
with

registry as (
    select * from {{ ref('measure_registry') }}
),

results as (
    select * from {{ ref('fct_measures') }}
),

organisation_months as (
    select distinct
        edition,
        reporting_month,
        level,
        sub_icb_code,
        provider_code
    from results
),

expected as (
    select
        organisation_months.*,
        registry.measure_id,
        registry.measure_name,
        registry.statistic
    from organisation_months
    cross join registry
)

select
    coalesce(expected.measure_id, results.measure_id) as measure_id,
    count(*) as broken_cells
from expected
full outer join results
    on
        expected.edition = results.edition
        and expected.reporting_month = results.reporting_month
        and expected.level = results.level
        and expected.sub_icb_code is not distinct from results.sub_icb_code
        and expected.provider_code is not distinct from results.provider_code
        and expected.measure_id = results.measure_id
        and expected.measure_name = results.measure_name
        and expected.statistic = results.statistic
where expected.measure_id is null or results.measure_id is null
group by coalesce(expected.measure_id, results.measure_id)
