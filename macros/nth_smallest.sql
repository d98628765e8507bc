{#- The nth smallest value of a column in a group, null where there are fewer. -#}
{% macro nth_smallest(column, n) -%}
    list_extract(min({{ column }}, {{ n }}), {{ n }})
{%- endmacro %}
