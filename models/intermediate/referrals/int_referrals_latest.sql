with

referrals as (
    select * from {{ ref('int_referrals_linked') }}
    where is_final
),

ranked as (
    select
        *,
        row_number() over (
            partition by pathway_id
            order by reporting_month desc, submission_id desc
        ) as recency_rank
    from referrals
)

select
    'final' as edition,
    pathway_id as pathway_key,
    reporting_month,
    submission_id,
    service_request_key,
    national_pathway_id,
    pathway_id,
    national_person_id,
    person_id,
    provider_code,
    sub_icb_code,
    reporting_period_end_date,
    data_set_version,
    referral_request_received_date,
    service_discharge_date,
    window_end_date,
    source_of_referral_code,
    discharge_reason_code,
    gender_code,
    validated_ethnic_category_code,
    age_at_period_end,
    age_at_referral,
    deprivation_decile
from ranked
where recency_rank = 1
