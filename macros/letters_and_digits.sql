{#- A code in upper case without anything that is not a letter or a digit. -#}
{% macro letters_and_digits(column) -%}
    regexp_replace(upper({{ column }}), '[^A-Z0-9]', '', 'g')
{%- endmacro %}
