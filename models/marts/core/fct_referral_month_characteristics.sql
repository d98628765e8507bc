with

characteristics as (
    select * from {{ ref('int_referral_characteristics_by_month') }}
)

select
    edition,
    pathway_key as national_pathway_id,
    reporting_month,
    characteristic,
    group_code
from characteristics
