{#-
    score_order with the score itself in the last place, so that no two different scores
    are level. A score is at most 99999.99 either way: 25 bits of hundredths.
-#}
{% macro tie_free_score_order(order_column, score_column) -%}
    (
        {{ order_column }}::hugeint * 33554432
        + ({{ score_column }} * 100)::integer + 16777216
    )
{%- endmacro %}
