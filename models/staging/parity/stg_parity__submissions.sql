with

source as (
    select
        submission_id,
        provider_code,
        reporting_month,
        reporting_period_end_date,
        submission_kind,
        data_set_version
    from {{ source('receipts', 'submission') }}
)

select * from source
