with

contacts as (
    select * from {{ ref('int_care_contacts_classified') }}
    where is_attended
),

logs as (
    select * from {{ ref('stg_iapt_v2_1__internet_therapy_logs') }}
),

referrals as (
    select * from {{ ref('int_referrals_linked') }}
),

attended_contacts as (
    select
        submission_id,
        'care_contact' as event_kind,
        row_number,
        national_pathway_id,
        pathway_id,
        reporting_month,
        is_final,
        care_contact_date as event_start_date,
        care_contact_date as event_date,
        is_treatment_contact as is_treatment,
        is_assessment_contact as is_assessment
    from contacts
),

-- A log of internet enabled therapy is treatment and counts by its end date.
internet_logs as (
    select
        logs.submission_id,
        'internet_therapy_log' as event_kind,
        logs.row_number,
        referrals.national_pathway_id,
        referrals.pathway_id,
        referrals.reporting_month,
        referrals.is_final,
        logs.internet_therapy_log_start_date as event_start_date,
        logs.internet_therapy_log_end_date as event_date,
        true as is_treatment,
        false as is_assessment
    from logs
    inner join referrals
        on
            logs.submission_id = referrals.submission_id
            and logs.service_request_key = referrals.service_request_key
)

select * from attended_contacts
union all
select * from internet_logs
