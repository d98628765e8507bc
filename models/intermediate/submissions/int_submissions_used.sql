with

in_force as (
    select * from {{ ref('int_submissions_in_force') }}
)

-- A submission may be in force for several editions; below here each of its rows is
-- worked once, and this says whether they belong to the final data of their month.
select
    submission_id,
    provider_code,
    reporting_month,
    reporting_period_end_date,
    submission_kind,
    data_set_version,
    bool_or(edition = 'final') as is_final
from in_force
group by
    submission_id,
    provider_code,
    reporting_month,
    reporting_period_end_date,
    submission_kind,
    data_set_version
