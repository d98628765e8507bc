with

source as (
    select
        submission_id,
        row_number,
        carecontactid,
        servicerequestid,
        carecontdate,
        careconttime,
        orgidcomm,
        plannedcarecontindicator,
        attendordnacode,
        cancellation,
        clincontdurofcarecont,
        iaptltcserviceind,
        apptype,
        consmechanism,
        intenabledtherprog,
        carecontpatientthermode,
        numgrouptherparticipants,
        numgrouptherfacilitators,
        psychmed,
        actloctypecode,
        siteidoftreat,
        languagecodetreat,
        interpreterpresentind,
        age_carecontact_date
    from {{ source('iapt_v2_1', 'ids201carecontact') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        carecontactid as care_contact_key,
        servicerequestid as service_request_key,
        -- facts
        carecontdate as care_contact_date,
        careconttime as care_contact_time,
        orgidcomm as commissioner_code,
        plannedcarecontindicator as planned_care_contact_code,
        attendordnacode as attendance_code,
        cancellation as short_notice_cancellation_code,
        clincontdurofcarecont as clinical_contact_duration_minutes,
        iaptltcserviceind as long_term_condition_service_code,
        apptype as appointment_type_code,
        consmechanism as consultation_mechanism_code,
        intenabledtherprog as internet_therapy_programme_code,
        carecontpatientthermode as therapy_mode_code,
        numgrouptherparticipants as group_therapy_participants,
        numgrouptherfacilitators as group_therapy_facilitators,
        psychmed as psychotropic_medication_code,
        actloctypecode as activity_location_type_code,
        siteidoftreat as treatment_site_code,
        languagecodetreat as treatment_language_code,
        interpreterpresentind as interpreter_present_code,
        age_carecontact_date as age_at_care_contact
    from source
)

select * from renamed
