with

source as (
    select
        submission_id,
        row_number,
        servicerequestid,
        startdateintenabledtherlog,
        enddateintenabledtherlog,
        intenabledtherprog,
        durationintenabledther,
        careperslocalid,
        integratedsoftwareind
    from {{ source('iapt_v2_1', 'ids205internettherlog') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        servicerequestid as service_request_key,
        careperslocalid as care_personnel_key,
        -- facts
        startdateintenabledtherlog as internet_therapy_log_start_date,
        enddateintenabledtherlog as internet_therapy_log_end_date,
        intenabledtherprog as internet_therapy_programme_code,
        durationintenabledther as internet_therapy_duration_minutes,
        integratedsoftwareind as integrated_software_code
    from source
)

select * from renamed
