with

source as (
    select
        national_person_id,
        person_id
    from {{ source('receipts', 'person_link') }}
)

select * from source
