with

source as (
    select
        provider_code,
        reporting_month,
        submission_kind,
        row_number,
        person_id
    from {{ source('receipts', 'record_apart') }}
)

select * from source
