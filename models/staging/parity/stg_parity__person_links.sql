with

source as (
    select
        national_person_id,
        person_id,
        linkage_step
    from {{ source('receipts', 'person_link') }}
)

select * from source
