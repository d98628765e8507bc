with

contacts as (
    select * from {{ ref('stg_iapt_v2_1__care_contacts') }}
),

activities as (
    select * from {{ ref('stg_iapt_v2_1__care_activities') }}
),

referrals as (
    select * from {{ ref('int_referrals_linked') }}
),

attendance_codes as (
    select
        code,
        group_label = 'Attended' as is_attended
    from {{ ref('code_lists') }}
    where code_list = 'attendance'
),

appointment_types as (
    select
        code,
        group_label like '%Treatment%' as is_treatment_type,
        group_label like '%Assessment%' as is_assessment_type,
        group_label = 'Follow-up' as is_follow_up
    from {{ ref('code_lists') }}
    where code_list = 'appointment_type'
),

employment_support as (
    select distinct
        activities.submission_id,
        activities.care_contact_key
    from activities
    inner join {{ ref('therapies') }} as therapies
        on
            activities.procedure_code = therapies.snomed_code
            and therapies.intensity = 'employment'
),

classified as (
    select
        contacts.submission_id,
        contacts.care_contact_key,
        contacts.row_number,
        referrals.national_pathway_id,
        referrals.pathway_id,
        referrals.provider_code,
        referrals.reporting_month,
        referrals.is_final,
        contacts.care_contact_date,
        contacts.care_contact_time,
        contacts.appointment_type_code,
        contacts.attendance_code,
        contacts.consultation_mechanism_code,
        contacts.clinical_contact_duration_minutes,
        -- An unplanned contact took place, and carries no attendance code.
        (
            coalesce(attendance_codes.is_attended, false)
            or coalesce(contacts.planned_care_contact_code = 'N', false)
        ) as is_attended,
        coalesce(appointment_types.is_treatment_type, false) as is_treatment_type,
        coalesce(appointment_types.is_assessment_type, false) as is_assessment_type,
        coalesce(appointment_types.is_follow_up, false) as is_follow_up,
        employment_support.care_contact_key is not null as has_employment_support
    from contacts
    inner join referrals
        on
            contacts.submission_id = referrals.submission_id
            and contacts.service_request_key = referrals.service_request_key
    left join attendance_codes
        on contacts.attendance_code = attendance_codes.code
    left join appointment_types
        on contacts.appointment_type_code = appointment_types.code
    left join employment_support
        on
            contacts.submission_id = employment_support.submission_id
            and contacts.care_contact_key = employment_support.care_contact_key
)

select
    *,
    is_attended and is_treatment_type and not has_employment_support
        as is_treatment_contact,
    is_attended and is_assessment_type as is_assessment_contact
from classified
