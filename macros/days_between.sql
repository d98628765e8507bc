{#- Whole days from one date to another, negative when the second comes first. -#}
{% macro days_between(from_column, to_column) -%}
    {{ dbt.datediff(from_column, to_column, 'day') }}
{%- endmacro %}
