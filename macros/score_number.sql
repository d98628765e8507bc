{#-
    A submitted score as an exact decimal, or null when it is not a number. Exact, because
    a change of 0.73 on the mobility inventory must not depend on floating point.
-#}
{% macro score_number(column) -%}
    try_cast(trim({{ column }}) as decimal(7, 2))
{%- endmacro %}
