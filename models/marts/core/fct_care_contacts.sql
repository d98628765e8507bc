with

contacts as (
    select * from {{ ref('int_care_contacts_classified') }}
    where is_final
)

select
    pathway_id,
    care_contact_key,
    provider_code,
    reporting_month,
    care_contact_date,
    appointment_type_code,
    attendance_code,
    consultation_mechanism_code,
    clinical_contact_duration_minutes,
    is_attended,
    is_assessment_contact,
    is_treatment_contact,
    is_follow_up,
    has_employment_support
from contacts
