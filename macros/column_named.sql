{#-
    The value of the column of `cells` whose name stands in another column, null where it
    names none of them. The names are those that the fact's YAML marks, never data.
-#}
{% macro column_named(name_column, columns, suffix='') -%}
    case {{ name_column }}
        {%- for column in columns %}
        when '{{ column }}' then cells.{{ column }}{{ suffix }}
        {%- endfor %}
    end
{%- endmacro %}
