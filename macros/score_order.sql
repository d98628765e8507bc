{#-
    One integer that sorts scores as the national rule does: date, then time (none counts
    as midnight), then table, then position in the file. Packed so that first and last are
    two minima and maxima in fixed memory instead of a sort of every score.
    Bits: seconds of the calendar above, then 1 for the table, then 30 for the position.
    Which table comes first within one moment is not published; the referral's own score
    does here (docs/explanation/derivations.md).
-#}
{% macro score_order(date_column, time_column, source_column, position_column) -%}
    (
        (
            epoch({{ date_column }})::bigint
            + coalesce(epoch({{ time_column }}), 0)::bigint
        ) * 2
        + case when {{ source_column }} = 'referral' then 0 else 1 end
    ) * 1073741824 + {{ position_column }}
{%- endmacro %}
