with

in_force as (
    select
        edition,
        submission_id
    from {{ ref('int_submissions_in_force') }}
),

referrals as (
    select * from {{ ref('int_referrals_linked') }}
),

-- Several providers can send the same person and service request in one month; the
-- national rule counts one of them (UsePathway_Flag): the latest received, then the
-- latest ended (open counts as the period's end), then the highest identifier, which
-- begins with the provider's code; a pseudonym would decide otherwise in each epoch.
ranked as (
    select
        referrals.*,
        in_force.edition,
        row_number() over (
            partition by
                in_force.edition,
                referrals.reporting_month,
                referrals.person_service_request_key
            order by
                referrals.referral_request_received_date desc,
                referrals.window_end_date desc,
                referrals.provider_code desc
        ) as use_rank
    from referrals
    inner join in_force
        on referrals.submission_id = in_force.submission_id
)

select
    edition,
    national_pathway_id as pathway_key,
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
    deprivation_decile,
    use_rank = 1 as is_counted
from ranked
