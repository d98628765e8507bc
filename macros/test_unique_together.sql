{#-
    Fails with one row for each combination of the columns that stands more than once.
    It returns counts only: a key's value never reaches dbt's artefacts.
-#}
{% test unique_together(model, columns) %}
    {%- if columns is string or columns | length == 0 -%}
        {{ exceptions.raise_compiler_error("unique_together needs a list of columns") }}
    {%- endif %}
    select count(*) as copies
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1
{% endtest %}
