{#- Join condition between two relations at the grain of edition, pathway and month. -#}
{% macro same_spell(left_alias, right_alias) -%}
    {{ left_alias }}.edition = {{ right_alias }}.edition
    and {{ left_alias }}.pathway_key = {{ right_alias }}.pathway_key
    and {{ left_alias }}.reporting_month = {{ right_alias }}.reporting_month
{%- endmacro %}
