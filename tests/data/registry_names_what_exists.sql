-- A registry row names a flag or value column that fct_referral_months marks as one, or
-- counts of the registry. Returns the measures whose names lead nowhere.
{% set flags = "'" ~ fact_columns('flag') | join("', '") ~ "'" -%}
{% set value_columns = "'" ~ fact_columns('value') | join("', '") ~ "'" -%}
with

registry as (
    select * from {{ ref('measure_registry') }}
),

counts as (
    select measure_id from registry
    where statistic = 'count'
),

checked as (
    select
        registry.measure_id,
        case registry.statistic
            when 'count' then registry.flag_column in ({{ flags }})
            when 'percentage'
                then
                    numerators.measure_id is not null
                    and denominators.measure_id is not null
                    and (
                        registry.denominator_less_id is null
                        or denominators_less.measure_id is not null
                    )
            when 'mean' then registry.value_column in ({{ value_columns }})
            when 'median' then registry.value_column in ({{ value_columns }})
        end as is_resolved
    from registry
    left join counts as numerators
        on registry.numerator_id = numerators.measure_id
    left join counts as denominators
        on registry.denominator_id = denominators.measure_id
    left join counts as denominators_less
        on registry.denominator_less_id = denominators_less.measure_id
)

select measure_id
from checked
where not coalesce(is_resolved, false)
