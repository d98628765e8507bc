with

contacts as (
    select * from {{ ref('int_care_contacts_classified') }}
    where is_final
),

referrals as (
    select * from {{ ref('int_referrals_latest') }}
)

select
    contacts.pathway_id,
    contacts.care_contact_key,
    contacts.provider_code,
    contacts.reporting_month,
    contacts.care_contact_date,
    contacts.appointment_type_code,
    contacts.attendance_code,
    contacts.consultation_mechanism_code,
    contacts.clinical_contact_duration_minutes,
    contacts.is_attended,
    contacts.is_assessment_contact,
    contacts.is_treatment_contact,
    contacts.is_follow_up,
    contacts.has_employment_support,
    contacts.care_contact_date
    between referrals.referral_request_received_date
    and referrals.window_end_date as is_in_referral
from contacts
inner join referrals
    on contacts.pathway_id = referrals.pathway_id
