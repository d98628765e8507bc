with

source as (
    select
        submission_id,
        row_number,
        datsetver,
        orgidprov,
        orgidsubmit,
        reportingperiodstartdate,
        reportingperiodenddate,
        datetimedatsetcreate
    from {{ source('iapt_v2_1', 'ids000header') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        -- facts
        datsetver as data_set_version,
        orgidprov as provider_code,
        orgidsubmit as submitting_organisation_code,
        reportingperiodstartdate as reporting_period_start_date,
        reportingperiodenddate as reporting_period_end_date,
        datetimedatsetcreate as data_set_created_at
    from source
)

select * from renamed
