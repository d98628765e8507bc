with

source as (
    select
        service_request_key,
        former_service_request_key
    from {{ source('receipts', 'service_request_succession') }}
)

select * from source
