with

referrals as (
    select * from {{ ref('int_referrals_latest') }}
),

care_spells as (
    select * from {{ ref('int_care_spells_latest') }}
),

outcomes as (
    select * from {{ ref('int_outcomes_latest') }}
),

characteristics as (
    select
        edition,
        pathway_key,
        reporting_month,
        max(case when characteristic = 'ethnic_group' then group_code end)
            as ethnic_group,
        max(case when characteristic = 'age_band' then group_code end) as age_band,
        max(case when characteristic = 'gender' then group_code end) as gender,
        max(case when characteristic = 'employment_at_start' then group_code end)
            as employment_group_at_start
    from {{ ref('int_referral_characteristics_latest') }}
    group by edition, pathway_key, reporting_month
)

select
    referrals.pathway_id,
    referrals.person_id,
    referrals.provider_code,
    referrals.sub_icb_code,
    referrals.reporting_month as latest_reporting_month,
    referrals.referral_request_received_date,
    referrals.service_discharge_date,
    referrals.source_of_referral_code,
    referrals.discharge_reason_code,
    referrals.age_at_referral,
    referrals.gender_code,
    referrals.validated_ethnic_category_code as ethnic_category_code,
    referrals.deprivation_decile,
    characteristics.ethnic_group,
    characteristics.age_band,
    characteristics.gender,
    characteristics.employment_group_at_start,
    care_spells.care_contact_count,
    care_spells.attended_care_contact_count,
    care_spells.internet_therapy_log_count,
    care_spells.treatment_care_contact_count,
    care_spells.assessment_first_date,
    care_spells.assessment_last_date,
    care_spells.therapy_session_first_date,
    care_spells.therapy_session_second_date,
    care_spells.therapy_session_last_date,
    {{ days_between(
        'referrals.referral_request_received_date',
        'care_spells.assessment_first_date'
    ) }} as days_to_first_assessment,
    {{ days_between(
        'referrals.referral_request_received_date',
        'care_spells.therapy_session_first_date'
    ) }} as days_to_first_treatment,
    {{ days_between(
        'care_spells.therapy_session_first_date',
        'care_spells.therapy_session_second_date'
    ) }} as days_to_second_treatment,
    outcomes.validated_presenting_complaint as presenting_complaint_code,
    outcomes.phq_9_first_score,
    outcomes.phq_9_last_score,
    outcomes.phq_9_latest_score,
    outcomes.adsm_scale_id,
    outcomes.adsm_first_score,
    outcomes.adsm_last_score,
    outcomes.running_adsm_scale_id,
    outcomes.running_adsm_first_score,
    outcomes.running_adsm_latest_score,
    outcomes.reliable_change_basis,
    outcomes.is_finished_course,
    outcomes.is_paired,
    outcomes.is_at_caseness,
    outcomes.is_not_at_caseness,
    outcomes.is_recovered,
    outcomes.is_reliably_improved,
    outcomes.is_reliably_deteriorated,
    outcomes.has_no_reliable_change,
    outcomes.is_reliably_recovered
from referrals
inner join care_spells
    on {{ same_spell('referrals', 'care_spells') }}
inner join outcomes
    on {{ same_spell('referrals', 'outcomes') }}
inner join characteristics
    on {{ same_spell('referrals', 'characteristics') }}
