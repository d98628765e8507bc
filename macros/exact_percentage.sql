{#- Numerator over denominator times 100 in decimal arithmetic, null over nothing. -#}
{% macro exact_percentage(numerator, denominator) -%}
    cast({{ numerator }} as decimal(18, 6)) * 100 / nullif({{ denominator }}, 0)
{%- endmacro %}
