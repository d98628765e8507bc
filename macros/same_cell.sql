{#-
    Join condition between two relations of the measure engine: same period, organisation
    level and dimensions. Organisations are null where a level does not name them.
-#}
{% macro same_cell(left_alias, right_alias, dimensions=[]) -%}
    {{ left_alias }}.edition = {{ right_alias }}.edition
    and {{ left_alias }}.period_type = {{ right_alias }}.period_type
    and {{ left_alias }}.period_start = {{ right_alias }}.period_start
    and {{ left_alias }}.level = {{ right_alias }}.level
    and {{ left_alias }}.sub_icb_code
    is not distinct from {{ right_alias }}.sub_icb_code
    and {{ left_alias }}.provider_code
    is not distinct from {{ right_alias }}.provider_code
    {%- for column in dimensions %}
    and {{ left_alias }}.{{ column }} = {{ right_alias }}.{{ column }}
    {%- endfor %}
{%- endmacro %}
