-- Improvement, no change and deterioration exclude each other within finished courses;
-- those not at caseness are finished and cannot recover; reliable recovery is both
-- recovery and improvement. Returns how many cells of each level break that.
with

counts as (
    select
        edition,
        reporting_month,
        level,
        sub_icb_code,
        provider_code,
        max(case when measure_id = 'M076' then numerator end) as finished,
        max(case when measure_id = 'M179' then numerator end) as not_at_caseness,
        max(case when measure_id = 'M185' then numerator end) as improved,
        max(case when measure_id = 'M187' then numerator end) as unchanged,
        max(case when measure_id = 'M189' then numerator end) as deteriorated,
        max(case when measure_id = 'M191' then numerator end) as recovered,
        max(case when measure_id = 'M193' then numerator end) as reliably_recovered
    from {{ ref('fct_measures') }}
    group by edition, reporting_month, level, sub_icb_code, provider_code
),

checked as (
    select
        level,
        improved + unchanged + deteriorated <= finished
        and recovered + not_at_caseness <= finished
        and reliably_recovered <= recovered
        and reliably_recovered <= improved as fits
    from counts
)

select
    level,
    count(*) as broken_cells
from checked
where not coalesce(fits, false)
group by level
