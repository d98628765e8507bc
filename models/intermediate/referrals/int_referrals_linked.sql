with

referrals as (
    select * from {{ ref('stg_iapt_v2_1__referrals') }}
),

submissions as (
    select * from {{ ref('int_submissions_used') }}
),

persons as (
    select * from {{ ref('int_persons_linked') }}
),

successions as (
    select * from {{ ref('stg_parity__service_request_successions') }}
),

organisations as (
    select organisation_code
    from {{ ref('stg_parity__organisations') }}
    where organisation_type = 'sub_icb'
),

with_person as (
    select
        referrals.*,
        submissions.provider_code,
        submissions.reporting_month,
        submissions.reporting_period_end_date,
        submissions.data_set_version,
        submissions.is_final,
        persons.national_person_id,
        persons.person_id,
        persons.gender_code,
        persons.validated_ethnic_category_code,
        persons.age_at_period_end,
        persons.deprivation_decile,
        coalesce(organisations.organisation_code, 'UNKNOWN') as sub_icb_code
    from referrals
    inner join submissions
        on referrals.submission_id = submissions.submission_id
    inner join persons
        on
            referrals.submission_id = persons.submission_id
            and referrals.local_patient_key = persons.local_patient_key
    left join organisations
        on referrals.commissioner_code = organisations.organisation_code
),

-- A referral that a successor took over goes on under the key of the first provider
-- that sent it; a chain of successions lists every former one.
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

-- A pathway that breaks nationally, because an NHS number came later or a successor
-- took over, goes on here: the joined person's service request keeps the identifier of
-- its first national pathway. Ties go by the place in the file, never by a pseudonym,
-- which a new epoch changes.
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

select
    with_first_key.submission_id,
    with_first_key.row_number,
    with_first_key.service_request_key,
    with_first_key.local_patient_key,
    with_first_key.national_pathway_id,
    pathways.pathway_id,
    with_first_key.national_person_id,
    with_first_key.person_id,
    with_first_key.person_service_request_key,
    with_first_key.provider_code,
    with_first_key.sub_icb_code,
    with_first_key.commissioner_code,
    with_first_key.reporting_month,
    with_first_key.reporting_period_end_date,
    with_first_key.data_set_version,
    with_first_key.is_final,
    with_first_key.referral_request_received_date,
    with_first_key.service_discharge_date,
    with_first_key.source_of_referral_code,
    with_first_key.discharge_reason_code,
    with_first_key.gender_code,
    with_first_key.validated_ethnic_category_code,
    with_first_key.age_at_period_end,
    with_first_key.age_at_referral,
    with_first_key.deprivation_decile,
    coalesce(
        with_first_key.service_discharge_date, with_first_key.reporting_period_end_date
    ) as window_end_date
from with_first_key
inner join pathways
    on
        with_first_key.person_id = pathways.person_id
        and with_first_key.first_service_request_key
        = pathways.first_service_request_key
