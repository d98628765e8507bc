{#-
    Join condition between a grain of referrals (alias `spells`) and dated rows of care
    (alias given): what was known of the pathway in that month and edition. The month's own
    submission counts, and the final data of every earlier month.

    key: national_pathway_id for the monthly clock, pathway_id for the latest one.
-#}
{% macro events_of_spell(events, key) -%}
    spells.pathway_key = {{ events }}.{{ key }}
    and (
        spells.submission_id = {{ events }}.submission_id
        or (
            {{ events }}.is_final
            and {{ events }}.reporting_month < spells.reporting_month
        )
    )
{%- endmacro %}
