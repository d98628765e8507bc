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
cells as (
    select
        edition,
        period_type,
        period_start,
        max(period_end) as period_end,
        case grouping(sub_icb_code, provider_code)
            when 0 then 'SubICB - Provider'
            when 1 then 'SubICB'
            when 2 then 'Provider'
            else 'England'
        end as level,
        sub_icb_code,
        provider_code,
        {%- for column in dimensions %}
        {{ column }},
        {%- endfor %}
        {%- for column in flags %}
        count(*) filter (where {{ column }}) as {{ column }},
        {%- endfor %}
        {%- for column in values %}
        count({{ column }}) as {{ column }}_count,
        avg({{ column }}) as {{ column }}_mean,
        median({{ column }}) as {{ column }}_median,
        {%- endfor %}
        count(*) as pathway_months
    from {{ facts }}
    group by grouping sets (
        {%- for level in [[], ['sub_icb_code'], ['provider_code'],
                          ['sub_icb_code', 'provider_code']] %}
        ({{ (periods + level + dimensions) | join(', ') }})
        {{- "," if not loop.last }}
        {%- endfor %}
    )
),

flag_counts as (
    {%- for column in flags %}
    select
        {{ (keys + dimensions) | join(', ') }},
        '{{ column }}' as column_name,
        {{ column }} as pathway_count
    from cells
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

value_statistics as (
    {%- for column in values %}
    {%- set last_value = loop.last %}
    {%- for statistic in ['mean', 'median'] %}
    select
        {{ (keys + dimensions) | join(', ') }},
        '{{ column }}' as column_name,
        '{{ statistic }}' as statistic,
        {{ column }}_count as pathway_count,
        {{ column }}_{{ statistic }} as statistic_value
    from cells
    {%- if not (last_value and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

registry as (
    select * from {{ ref('measure_registry') }}
    {%- if equality_table %}
    where equality_table = '{{ equality_table }}'
    {%- endif %}
),

full_registry as (
    select * from {{ ref('measure_registry') }}
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
        registry.measure_id,
        registry.measure_name,
        registry.statistic,
        registry.flag_column,
        registry.value_column,
        registry.numerator_id,
        registry.denominator_id,
        registry.denominator_less_id
    from organisation_periods
    {%- if grid %}
    cross join {{ grid }} as grid
    {%- endif %}
    cross join registry
),

counts as (
    select
        {{ (keys + dimensions) | join(', ') }},
        full_registry.measure_id,
        flag_counts.pathway_count
    from flag_counts
    inner join full_registry
        on
            flag_counts.column_name = full_registry.flag_column
            and full_registry.statistic = 'count'
),

resolved as (
    select
        expected.*,
        case
            when expected.statistic = 'count' then coalesce(own.pathway_count, 0)
            when expected.statistic = 'percentage'
                then coalesce(numerators.pathway_count, 0)
            else coalesce(value_statistics.pathway_count, 0)
        end as numerator,
        case
            when expected.statistic = 'percentage'
                then
                    coalesce(denominators.pathway_count, 0)
                    - coalesce(denominators_less.pathway_count, 0)
        end as denominator,
        value_statistics.statistic_value
    from expected
    left join counts as own
        on
            {{ same_cell('expected', 'own', dimensions) }}
            and expected.measure_id = own.measure_id
    left join counts as numerators
        on
            {{ same_cell('expected', 'numerators', dimensions) }}
            and expected.numerator_id = numerators.measure_id
    left join counts as denominators
        on
            {{ same_cell('expected', 'denominators', dimensions) }}
            and expected.denominator_id = denominators.measure_id
    left join counts as denominators_less
        on
            {{ same_cell('expected', 'denominators_less', dimensions) }}
            and expected.denominator_less_id = denominators_less.measure_id
    left join value_statistics
        on
            {{ same_cell('expected', 'value_statistics', dimensions) }}
            and expected.value_column = value_statistics.column_name
            and expected.statistic = value_statistics.statistic
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
