-- Every pathway has one provider and one sub-ICB, so each level adds up to England.
-- Returns how many counts of each level do not.
with

counts as (
    select
        edition,
        reporting_month,
        measure_id,
        level,
        sum(numerator) as total
    from {{ ref('fct_measures') }}
    where statistic = 'count'
    group by edition, reporting_month, measure_id, level
),

england as (
    select * from counts
    where level = 'England'
)

select
    counts.level,
    count(*) as broken_cells
from counts
left join england
    on
        counts.edition = england.edition
        and counts.reporting_month = england.reporting_month
        and counts.measure_id = england.measure_id
where counts.total is distinct from england.total
group by counts.level
