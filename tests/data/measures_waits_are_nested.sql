-- Within six weeks is within eighteen weeks is all, of those who start and of those who
-- finish. Returns how many cells of each level break that.
with

counts as (
    select
        edition,
        reporting_month,
        level,
        sub_icb_code,
        provider_code,
        max(case when measure_id = 'M031' then numerator end) as started,
        max(case when measure_id = 'M036' then numerator end) as started_within_6,
        max(case when measure_id = 'M037' then numerator end) as started_within_18,
        max(case when measure_id = 'M076' then numerator end) as finished,
        max(case when measure_id = 'M052' then numerator end) as finished_within_6,
        max(case when measure_id = 'M054' then numerator end) as finished_within_18
    from {{ ref('fct_measures') }}
    group by edition, reporting_month, level, sub_icb_code, provider_code
),

checked as (
    select
        level,
        started_within_6 <= started_within_18
        and started_within_18 <= started
        and finished_within_6 <= finished_within_18
        and finished_within_18 <= finished as is_nested
    from counts
)

select
    level,
    count(*) as broken_cells
from checked
where not coalesce(is_nested, false)
group by level
