-- A percentage is its two counts, less what the registry takes off the denominator, to
-- a millionth. Returns how many cells of each percentage break that.
with

measures as (
    select * from {{ ref('fct_measures') }}
),

registry as (
    select * from {{ ref('measure_registry') }}
    where statistic = 'percentage'
),

compared as (
    select
        registry.measure_id,
        percentages.numerator,
        percentages.denominator,
        percentages.value,
        max(
            case
                when counts.measure_id = registry.numerator_id then counts.numerator
            end
        ) as expected_numerator,
        sum(
            case counts.measure_id
                when registry.denominator_id then counts.numerator
                when registry.denominator_less_id then -counts.numerator
            end
        ) as expected_denominator
    from measures as percentages
    inner join registry
        on percentages.measure_id = registry.measure_id
    inner join measures as counts
        on
            percentages.edition = counts.edition
            and percentages.reporting_month = counts.reporting_month
            and percentages.level = counts.level
            and percentages.sub_icb_code is not distinct from counts.sub_icb_code
            and percentages.provider_code is not distinct from counts.provider_code
    group by
        registry.measure_id,
        percentages.edition,
        percentages.reporting_month,
        percentages.level,
        percentages.sub_icb_code,
        percentages.provider_code,
        percentages.numerator,
        percentages.denominator,
        percentages.value
),

checked as (
    select
        measure_id,
        -- Multiplied out: a million times the difference is at most one denominator.
        case
            when numerator != expected_numerator then false
            when denominator != expected_denominator then false
            when denominator = 0 then value is null
            else abs(value * denominator - 100 * numerator) * 1000000 <= denominator
        end as is_exact
    from compared
)

select
    measure_id,
    count(*) as broken_cells
from checked
where not coalesce(is_exact, false)
group by measure_id
