with

source as (
    select
        submission_id,
        row_number,
        servicerequestid,
        findschemeinuse,
        prescomp,
        prescompcodsig,
        prescompdate
    from {{ source('iapt_v2_1', 'ids603presentingcomplaints') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        servicerequestid as service_request_key,
        -- facts
        findschemeinuse as finding_scheme_code,
        prescomp as presenting_complaint_code,
        prescompcodsig as presenting_complaint_significance_code,
        prescompdate as presenting_complaint_recorded_date
    from source
)

select * from renamed
