{#-
    The national validation of a presenting complaint: a SNOMED CT value (scheme 04) stays
    as it is; an ICD-10 value (scheme 01) is stripped to letters and digits, upper case,
    and must have the form of an ICD-10 code; anything else is -3; nothing is null.
    Without a licensed ICD-10 list the form is what can be tested (docs/explanation/
    derivations.md); a code ending in the dagger or asterisk mark keeps it.
-#}
{% macro validated_complaint(scheme_column, code_column) -%}
    case
        when
            nullif(trim({{ scheme_column }}), '') is null
            or nullif(trim({{ code_column }}), '') is null
            then null
        when trim({{ scheme_column }}) = '04' then trim({{ code_column }})
        when
            trim({{ scheme_column }}) = '01'
            and regexp_full_match(
                {{ letters_and_digits(code_column) }},
                '[A-Z][0-9][0-9A-Z]([0-9X][0-9]?)?[AD]?'
            )
            then {{ letters_and_digits(code_column) }}
        else '-3'
    end
{%- endmacro %}
