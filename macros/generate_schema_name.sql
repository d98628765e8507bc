{#-
    The schema of a model is the one that dbt_project.yml names, without the target's
    name before it: readers query core.fct_referrals in every home.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
