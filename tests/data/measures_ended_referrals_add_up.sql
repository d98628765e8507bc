-- Every ended referral is in one of four: never seen, seen but not treated, treated
-- once, finished. Returns how many cells of each level break that.
with

counts as (
    select
        edition,
        reporting_month,
        level,
        sub_icb_code,
        provider_code,
        max(case when measure_id = 'M056' then numerator end) as ended,
        sum(case when measure_id in ('M073', 'M074', 'M075', 'M076') then numerator end)
            as of_four_kinds
    from {{ ref('fct_measures') }}
    group by edition, reporting_month, level, sub_icb_code, provider_code
)

select
    level,
    count(*) as broken_cells
from counts
where ended is distinct from of_four_kinds
group by level
