with

activity_scores as (
    select * from {{ ref('stg_iapt_v2_1__activity_assessments') }}
),

referral_scores as (
    select * from {{ ref('stg_iapt_v2_1__referral_assessments') }}
),

activities as (
    select
        submission_id,
        care_activity_key,
        care_contact_key
    from {{ ref('stg_iapt_v2_1__care_activities') }}
),

contacts as (
    select * from {{ ref('int_care_contacts_classified') }}
),

referrals as (
    select * from {{ ref('int_referrals_linked') }}
),

scales as (
    select * from {{ ref('scales') }}
),

-- A score of an activity is dated by its contact; a contact that was not attended, or
-- that followed the end of treatment, supplies no score.
dated_activity_scores as (
    select
        activity_scores.submission_id,
        'activity' as score_source,
        activity_scores.row_number,
        contacts.national_pathway_id,
        contacts.pathway_id,
        contacts.reporting_month,
        contacts.is_final,
        contacts.care_contact_date as scored_date,
        contacts.care_contact_time as scored_time,
        activity_scores.assessment_tool_code,
        activity_scores.person_score
    from activity_scores
    inner join activities
        on
            activity_scores.submission_id = activities.submission_id
            and activity_scores.care_activity_key = activities.care_activity_key
    inner join contacts
        on
            activities.submission_id = contacts.submission_id
            and activities.care_contact_key = contacts.care_contact_key
    where contacts.is_attended and not contacts.is_follow_up
),

dated_referral_scores as (
    select
        referral_scores.submission_id,
        'referral' as score_source,
        referral_scores.row_number,
        referrals.national_pathway_id,
        referrals.pathway_id,
        referrals.reporting_month,
        referrals.is_final,
        referral_scores.assessment_completion_date as scored_date,
        referral_scores.assessment_completion_time as scored_time,
        referral_scores.assessment_tool_code,
        referral_scores.person_score
    from referral_scores
    inner join referrals
        on
            referral_scores.submission_id = referrals.submission_id
            and referral_scores.service_request_key = referrals.service_request_key
),

pooled as (
    select * from dated_activity_scores
    union all
    select * from dated_referral_scores
),

numbered as (
    select
        pooled.*,
        scales.scale_id,
        {{ score_number('pooled.person_score') }} as score,
        scales.minimum_score,
        scales.maximum_score,
        scales.not_applicable_score
    from pooled
    inner join scales
        on pooled.assessment_tool_code = scales.snomed_code
)

-- Answers that are not numbers and values out of range pass the portal with a warning;
-- they are dropped here and nowhere earlier, and so is an answer 'not applicable'.
select
    submission_id,
    score_source,
    row_number,
    national_pathway_id,
    pathway_id,
    reporting_month,
    is_final,
    scale_id,
    scored_date,
    {{ score_order('scored_date', 'scored_time', 'score_source', 'row_number') }}
        as score_order,
    score
from numbered
where
    score between minimum_score and maximum_score
    and score is distinct from not_applicable_score
