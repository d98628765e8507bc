{#-
    The CTEs `with_first_key` and `pathways` of int_referrals_linked, which read its CTEs
    `with_person` and `successions`.

    A referral that a successor took over goes on under the key of the first provider that
    sent it; a chain of successions lists every former one.

    A pathway that breaks nationally, because an NHS number came later or a successor took
    over, goes on here: the joined person's service request keeps the identifier of its
    first national pathway. Ties go by the place in the file, never by a pseudonym, which
    a new epoch changes.
-#}
{% macro continued_pathways() %}
ranked_former_keys as (
    select
        successions.service_request_key,
        successions.former_service_request_key,
        row_number() over (
            partition by successions.service_request_key
            order by with_person.reporting_month, with_person.provider_code
        ) as former_rank
    from successions
    inner join with_person
        on successions.former_service_request_key = with_person.service_request_key
),

with_first_key as (
    select
        with_person.*,
        coalesce(
            ranked_former_keys.former_service_request_key,
            with_person.service_request_key
        ) as first_service_request_key
    from with_person
    left join ranked_former_keys
        on
            with_person.service_request_key = ranked_former_keys.service_request_key
            and ranked_former_keys.former_rank = 1
),

ranked_rows as (
    select
        person_id,
        first_service_request_key,
        national_pathway_id,
        row_number() over (
            partition by person_id, first_service_request_key
            order by reporting_month, submission_id, row_number
        ) as place
    from with_first_key
),

pathways as (
    select
        person_id,
        first_service_request_key,
        national_pathway_id as pathway_id
    from ranked_rows
    where place = 1
)
{% endmacro %}
