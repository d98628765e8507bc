{#- Whether a difference reaches the reliable change value of the scale named by prefix. -#}
{% macro changed_reliably(difference, prefix) -%}
    {{ meets_threshold(
        '(' ~ difference ~ ')', prefix ~ '_change_comparator', prefix ~ '_change_value'
    ) }}
{%- endmacro %}
