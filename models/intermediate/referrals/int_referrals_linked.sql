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

{{ continued_pathways() }}

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
