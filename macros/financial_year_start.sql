{#- The first of April of the financial year that a month belongs to. -#}
{% macro financial_year_start(date_column) -%}
    make_date(
        (
            extract(year from {{ date_column }})
            - case when extract(month from {{ date_column }}) < 4 then 1 else 0 end
        )::integer,
        4,
        1
    )
{%- endmacro %}
