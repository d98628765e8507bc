-- The groups of a characteristic are a partition: the counts of a month add up to the
-- official measure, for every organisation and characteristic. Returns how many counts
-- of each characteristic do not.
with

access as (
    select * from {{ ref('fct_equality_access') }}
),

waits as (
    select * from {{ ref('fct_equality_waits') }}
),

outcomes as (
    select * from {{ ref('fct_equality_outcomes') }}
),

equality as (
    select * from access
    union all
    select * from waits
    union all
    select * from outcomes
),

groups as (
    select * from equality
    where statistic = 'count'
),

added as (
    select
        edition,
        period_start,
        level,
        sub_icb_code,
        provider_code,
        characteristic,
        measure_id,
        sum(numerator) as total
    from groups
    where period_type = 'month'
    group by
        edition,
        period_start,
        level,
        sub_icb_code,
        provider_code,
        characteristic,
        measure_id
),

characteristics as (
    select distinct characteristic from {{ ref('characteristic_groups') }}
),

expected as (
    select
        measures.edition,
        measures.reporting_month,
        measures.level,
        measures.sub_icb_code,
        measures.provider_code,
        measures.measure_id,
        measures.numerator,
        characteristics.characteristic
    from {{ ref('fct_measures') }} as measures
    cross join characteristics
    where measures.statistic = 'count'
)

select
    expected.characteristic,
    count(*) as broken_cells
from expected
left join added
    on
        expected.edition = added.edition
        and expected.reporting_month = added.period_start
        and expected.level = added.level
        and expected.sub_icb_code is not distinct from added.sub_icb_code
        and expected.provider_code is not distinct from added.provider_code
        and expected.measure_id = added.measure_id
        and expected.characteristic = added.characteristic
where expected.numerator is distinct from added.total
group by expected.characteristic
