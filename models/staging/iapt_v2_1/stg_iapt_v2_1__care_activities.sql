with

source as (
    select
        submission_id,
        row_number,
        careactid,
        carecontactid,
        careperslocalid,
        clincontactdurofcareact,
        codeprocandprocstatus,
        findschemeinuse,
        codefind,
        codeobs
    from {{ source('iapt_v2_1', 'ids202careactivity') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        careactid as care_activity_key,
        carecontactid as care_contact_key,
        careperslocalid as care_personnel_key,
        -- facts
        clincontactdurofcareact as care_activity_duration_minutes,
        codeprocandprocstatus as procedure_code,
        findschemeinuse as finding_scheme_code,
        codefind as finding_code,
        codeobs as observation_code
    from source
)

select * from renamed
