with

organisations as (
    select * from {{ ref('stg_parity__organisations') }}
)

select
    organisation_code,
    organisation_name,
    organisation_type,
    parent_code
from organisations
