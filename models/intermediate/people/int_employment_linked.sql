with

employment as (
    select * from {{ ref('stg_iapt_v2_1__employment_statuses') }}
),

referrals as (
    select * from {{ ref('int_referrals_linked') }}
),

employment_groups as (
    select
        code,
        group_label
    from {{ ref('code_lists') }}
    where code_list = 'employment_status'
)

-- The four groups of the programme: employed people are in work or off sick by the
-- absence code; the not employed must say that absence does not apply; the rest is
-- unknown.
select
    employment.submission_id,
    employment.row_number,
    referrals.national_pathway_id,
    referrals.pathway_id,
    referrals.reporting_month,
    referrals.is_final,
    employment.employment_status_recorded_date,
    employment.employment_status_code,
    case
        when employment_groups.group_label like 'In work%'
            then case employment.sickness_absence_code
                    when 'N' then 'IN_WORK'
                    when 'Y' then 'OFF_SICK'
                    else 'UNKNOWN'
                end
        when
            employment_groups.group_label = 'Not employed'
            and employment.sickness_absence_code = '8'
            then 'NOT_EMPLOYED'
        else 'UNKNOWN'
    end as employment_group
from employment
inner join referrals
    on
        employment.submission_id = referrals.submission_id
        and employment.local_patient_key = referrals.local_patient_key
left join employment_groups
    on employment.employment_status_code = employment_groups.code
