{#-
    The one presenting complaint of a pathway (national rule, measure M203): a validated
    one first, significance 1 before 2, the latest date, then the latest month, the last row
    and the submission. One row per row of the grain that has any complaint.
-#}
{% macro chosen_complaints(grain, key) %}
with

spells as (
    select * from {{ ref(grain) }}
),

complaints as (
    select * from {{ ref('int_complaints_linked') }}
),

known as (
    select
        spells.edition,
        spells.pathway_key,
        spells.reporting_month,
        complaints.validated_presenting_complaint,
        row_number() over (
            partition by spells.edition, spells.pathway_key, spells.reporting_month
            order by
                complaints.validated_presenting_complaint is null,
                complaints.presenting_complaint_significance_code nulls last,
                complaints.presenting_complaint_recorded_date desc nulls last,
                complaints.reporting_month desc,
                complaints.row_number desc,
                complaints.submission_id desc
        ) as choice_rank
    from spells
    inner join complaints
        on {{ events_of_spell('complaints', key) }}
)

select
    edition,
    pathway_key,
    reporting_month,
    validated_presenting_complaint
from known
where choice_rank = 1
{% endmacro %}
