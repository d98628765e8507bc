with

source as (
    select
        submission_id,
        row_number,
        localpatientid,
        gmpcodereg,
        startdategmpregistration,
        enddategmpregistration
    from {{ source('iapt_v2_1', 'ids002gp') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        localpatientid as local_patient_key,
        -- facts
        gmpcodereg as general_practice_code,
        startdategmpregistration as general_practice_registration_start_date,
        enddategmpregistration as general_practice_registration_end_date
    from source
)

select * from renamed
