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

-- A pathway that breaks nationally, because an NHS number came later, goes on here: the
-- joined person's service request keeps the identifier of its first national pathway.
first_months as (
    select
        provider_code,
        person_id,
        service_request_key,
        national_pathway_id,
        min(reporting_month) as first_reporting_month
    from with_person
    group by provider_code, person_id, service_request_key, national_pathway_id
),

ranked_pathways as (
    select
        *,
        row_number() over (
            partition by provider_code, person_id, service_request_key
            order by first_reporting_month, national_pathway_id
        ) as pathway_rank
    from first_months
),

pathways as (
    select
        provider_code,
        person_id,
        service_request_key,
        national_pathway_id as pathway_id
    from ranked_pathways
    where pathway_rank = 1
)

select
    with_person.submission_id,
    with_person.service_request_key,
    with_person.local_patient_key,
    with_person.national_pathway_id,
    pathways.pathway_id,
    with_person.national_person_id,
    with_person.person_id,
    with_person.person_service_request_key,
    with_person.provider_code,
    with_person.sub_icb_code,
    with_person.commissioner_code,
    with_person.reporting_month,
    with_person.reporting_period_end_date,
    with_person.data_set_version,
    with_person.is_final,
    with_person.referral_request_received_date,
    with_person.service_discharge_date,
    with_person.source_of_referral_code,
    with_person.discharge_reason_code,
    with_person.gender_code,
    with_person.validated_ethnic_category_code,
    with_person.age_at_period_end,
    with_person.age_at_referral,
    with_person.deprivation_decile,
    coalesce(
        with_person.service_discharge_date, with_person.reporting_period_end_date
    ) as window_end_date
from with_person
inner join pathways
    on
        with_person.provider_code = pathways.provider_code
        and with_person.person_id = pathways.person_id
        and with_person.service_request_key = pathways.service_request_key
