{#-
    Whether a date of a referral month falls in its reporting period, both ends included;
    false when there is no date. Used in fct_referral_months only, where the period's
    columns stand.
-#}
{% macro in_period(date_column) -%}
    coalesce(
        {{ date_column }}
        between referral_months.reporting_month
        and referral_months.reporting_period_end_date,
        false
    )
{%- endmacro %}
