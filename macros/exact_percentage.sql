{#- Numerator over denominator times 100, null over nothing. DuckDB divides in double
    precision; publications count again from numerator and denominator in integers. -#}
{% macro exact_percentage(numerator, denominator) -%}
    cast({{ numerator }} as decimal(18, 6)) * 100 / nullif({{ denominator }}, 0)
{%- endmacro %}
