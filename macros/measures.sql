{#-
    The measure engine: every measure of the registry, for every organisation level, in
    one pass over the referral months.

    facts: a relation (CTE) with the flag and value columns of fct_referral_months and the
        columns period_type, period_start, period_end and the dimensions.
    dimensions: further columns to break down by (characteristic, group_code), or none.
    grid: a relation of the combinations of dimensions that must all appear, zeros
        included, or none; a grid's columns are the dimensions.
    equality_table: which registry rows to take ('access', 'waits', 'outcomes'), or all.

    Returns the keys, measure_id and name, statistic, numerator, denominator and value.
    Counts carry themselves as the numerator; percentages are of two counts, times 100;
    means and medians carry the number of pathways behind them as the numerator.
-#}
{% macro measures(facts, dimensions=[], grid=none, equality_table=none) %}
{%- set flags = fact_columns('flag') -%}
{%- set values = fact_columns('value') -%}
{%- set periods = ['edition', 'period_type', 'period_start'] -%}
{%- set keys = periods + ['period_end', 'level', 'sub_icb_code', 'provider_code'] -%}
{{ measure_cells(facts, dimensions) }},

measures as (
    select * from {{ ref('measure_registry') }}
),

-- Each measure with the columns of its parts, so that one row of cells answers all.
registry as (
    select
        measures.*,
        numerators.flag_column as numerator_flag,
        denominators.flag_column as denominator_flag,
        denominators_less.flag_column as denominator_less_flag
    from measures
    left join measures as numerators
        on measures.numerator_id = numerators.measure_id
    left join measures as denominators
        on measures.denominator_id = denominators.measure_id
    left join measures as denominators_less
        on measures.denominator_less_id = denominators_less.measure_id
    {%- if equality_table %}
    where measures.equality_table = '{{ equality_table }}'
    {%- endif %}
),

-- Every organisation and period that has any row, crossed with the fixed groups.
organisation_periods as (
    select distinct {{ keys | join(', ') }}
    from cells
),

expected as (
    select
        organisation_periods.*,
        {%- for column in dimensions %}
        grid.{{ column }},
        {%- endfor %}
        registry.*
    from organisation_periods
    {%- if grid %}
    cross join {{ grid }} as grid
    {%- endif %}
    cross join registry
),

resolved as (
    select
        {%- for column in keys + dimensions %}
        expected.{{ column }},
        {%- endfor %}
        expected.measure_id,
        expected.measure_name,
        expected.statistic,
        coalesce(
            case expected.statistic
                when 'count' then {{ column_named('expected.flag_column', flags) }}
                when 'percentage'
                    then {{ column_named('expected.numerator_flag', flags) }}
                else {{ column_named('expected.value_column', values, '_count') }}
            end,
            0
        ) as numerator,
        case
            when expected.statistic = 'percentage'
                then
                    coalesce({{ column_named('expected.denominator_flag', flags) }}, 0)
                    - coalesce(
                        {{ column_named('expected.denominator_less_flag', flags) }}, 0
                    )
        end as denominator,
        case expected.statistic
            when 'mean' then {{ column_named('expected.value_column', values, '_mean') }}
            when 'median'
                then {{ column_named('expected.value_column', values, '_median') }}
        end as statistic_value
    from expected
    left join cells
        on {{ same_cell('expected', 'cells', dimensions) }}
),

measured as (
    select
        {{ (keys + dimensions) | join(', ') }},
        measure_id,
        measure_name,
        statistic,
        numerator,
        denominator,
        cast(
            case
                when statistic = 'count' then numerator
                when statistic = 'percentage'
                    then {{ exact_percentage('numerator', 'denominator') }}
                else statistic_value
            end as decimal(18, 6)
        ) as value
    from resolved
)
{% endmacro %}
