{#-
    Whether a value reaches a threshold under its comparator. Comparators are data
    (seeds/scale_thresholds.csv), because sources print some as > and some as >=.
    Null where the value or the threshold is unknown.
-#}
{% macro meets_threshold(value, comparator, threshold) -%}
    case {{ comparator }}
        when '>=' then {{ value }} >= {{ threshold }}
        when '>' then {{ value }} > {{ threshold }}
    end
{%- endmacro %}
