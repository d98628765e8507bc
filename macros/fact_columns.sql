{#-
    Names of the columns of fct_referral_months that its YAML marks as
    `measure: flag` or `measure: value`. The registry names these columns; the engine
    counts every one of them in its single pass, so a further measure costs nothing.
-#}
{% macro fact_columns(kind) %}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and node.name == 'fct_referral_months' -%}
            {%- for column in node.columns.values()
                if column.config.get('meta', {}).get('measure') == kind -%}
                {%- do names.append(column.name) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{% endmacro %}
