{#- Whether a code equals a pattern of a code list, where F42* means begins with F42. -#}
{% macro matches_pattern(column, pattern_column) -%}
    case
        when {{ pattern_column }} like '%*'
            then starts_with({{ column }}, rtrim({{ pattern_column }}, '*'))
        else {{ column }} = {{ pattern_column }}
    end
{%- endmacro %}
