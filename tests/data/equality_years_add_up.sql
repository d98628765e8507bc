-- The published-measure view of a financial year holds its months: each count of a year
-- is the sum of the months that belong to it. Returns how many counts of each
-- characteristic are not.
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

counts as (
    select * from equality
    where statistic = 'count'
),

months as (
    select
        edition,
        {{ financial_year_start('period_start') }} as year_start,
        level,
        sub_icb_code,
        provider_code,
        characteristic,
        group_code,
        measure_id,
        sum(numerator) as total
    from counts
    where period_type = 'month'
    group by all
),

years as (
    select * from counts
    where period_type = 'financial_year'
)

select
    coalesce(years.characteristic, months.characteristic) as characteristic,
    count(*) as broken_cells
from years
full outer join months
    on
        years.edition = months.edition
        and years.period_start = months.year_start
        and years.level = months.level
        and years.sub_icb_code is not distinct from months.sub_icb_code
        and years.provider_code is not distinct from months.provider_code
        and years.characteristic = months.characteristic
        and years.group_code = months.group_code
        and years.measure_id = months.measure_id
where years.numerator is distinct from months.total
group by coalesce(years.characteristic, months.characteristic)
