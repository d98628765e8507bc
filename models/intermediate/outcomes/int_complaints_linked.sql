with

complaints as (
    select * from {{ ref('stg_iapt_v2_1__presenting_complaints') }}
),

referrals as (
    select * from {{ ref('int_referrals_linked') }}
)

select
    complaints.submission_id,
    complaints.row_number,
    referrals.national_pathway_id,
    referrals.pathway_id,
    referrals.reporting_month,
    referrals.is_final,
    {{ validated_complaint(
        'complaints.finding_scheme_code', 'complaints.presenting_complaint_code'
    ) }} as validated_presenting_complaint,
    complaints.presenting_complaint_significance_code,
    complaints.presenting_complaint_recorded_date
from complaints
inner join referrals
    on
        complaints.submission_id = referrals.submission_id
        and complaints.service_request_key = referrals.service_request_key
