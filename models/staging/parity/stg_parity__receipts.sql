with

source as (
    select
        receipt_number,
        submission_id,
        received_at
    from {{ source('receipts', 'receipt') }}
)

select * from source
