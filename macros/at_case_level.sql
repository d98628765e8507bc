{#- Whether a score is at case level on the scale whose threshold columns begin with prefix. -#}
{% macro at_case_level(score, prefix) -%}
    {{ meets_threshold(score, prefix ~ '_case_comparator', prefix ~ '_case_value') }}
{%- endmacro %}
