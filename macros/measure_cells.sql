{#-
    The CTE `cells`: one row per edition, period, organisation level and combination of
    the dimensions, with the count of every flag and count, mean and median of every value
    of fct_referral_months. facts and dimensions are those of the macro measures.
-#}
{% macro measure_cells(facts, dimensions) %}
{%- set periods = ['edition', 'period_type', 'period_start'] -%}
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
        {%- for column in fact_columns('flag') %}
        count(*) filter (where {{ column }}) as {{ column }},
        {%- endfor %}
        {%- for column in fact_columns('value') %}
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
)
{% endmacro %}
