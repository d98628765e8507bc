with

source as (
    select
        organisation_code,
        organisation_name,
        organisation_type,
        parent_code
    from {{ source('receipts', 'organisation') }}
)

select * from source
