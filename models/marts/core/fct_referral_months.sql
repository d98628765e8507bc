with

referral_months as (
    select * from {{ ref('int_referral_months') }}
),

care_spells as (
    select * from {{ ref('int_care_spells_by_month') }}
),

outcomes as (
    select * from {{ ref('int_outcomes_by_month') }}
),

joined as (
    select
        referral_months.edition,
        referral_months.reporting_month,
        referral_months.reporting_period_end_date,
        referral_months.national_pathway_id,
        referral_months.pathway_id,
        referral_months.national_person_id,
        referral_months.person_id,
        referral_months.provider_code,
        referral_months.sub_icb_code,
        referral_months.is_counted,
        referral_months.referral_request_received_date,
        referral_months.service_discharge_date,
        care_spells.care_contact_count,
        care_spells.treatment_care_contact_count,
        care_spells.assessment_first_date,
        care_spells.therapy_session_first_date,
        care_spells.therapy_session_second_date,
        care_spells.therapy_session_last_date,
        care_spells.is_finished_course,
        outcomes.is_at_caseness,
        outcomes.is_not_at_caseness,
        outcomes.is_recovered,
        outcomes.is_reliably_improved,
        outcomes.is_reliably_deteriorated,
        outcomes.has_no_reliable_change,
        outcomes.is_reliably_recovered,
        {{ days_between(
            'referral_months.referral_request_received_date',
            'care_spells.therapy_session_first_date'
        ) }} as days_to_first_treatment,
        {{ in_period('referral_months.referral_request_received_date') }}
            as is_received_in_period,
        {{ in_period('care_spells.assessment_first_date') }}
            as is_first_assessed_in_period,
        {{ in_period('care_spells.therapy_session_first_date') }}
            as is_first_treated_in_period,
        {{ in_period('care_spells.therapy_session_second_date') }}
            as is_second_treated_in_period,
        {{ in_period('referral_months.service_discharge_date') }} as is_ended_in_period
    from referral_months
    inner join care_spells
        on {{ same_spell('referral_months', 'care_spells') }}
    inner join outcomes
        on {{ same_spell('referral_months', 'outcomes') }}
)

select
    edition,
    reporting_month,
    reporting_period_end_date,
    national_pathway_id,
    pathway_id,
    national_person_id,
    person_id,
    provider_code,
    sub_icb_code,
    is_counted,
    referral_request_received_date,
    service_discharge_date,
    care_contact_count,
    treatment_care_contact_count,
    assessment_first_date,
    therapy_session_first_date,
    therapy_session_second_date,
    therapy_session_last_date,
    days_to_first_treatment,
    is_finished_course,
    is_at_caseness,
    is_received_in_period,
    is_first_assessed_in_period,
    is_first_treated_in_period,
    is_first_treated_in_period
    and days_to_first_treatment <= {{ var('six_weeks_in_days') }}
        as is_first_treated_within_6_weeks_in_period,
    is_first_treated_in_period
    and days_to_first_treatment <= {{ var('eighteen_weeks_in_days') }}
        as is_first_treated_within_18_weeks_in_period,
    is_second_treated_in_period,
    is_ended_in_period,
    is_ended_in_period and care_contact_count = 0 as is_ended_not_seen_in_period,
    is_ended_in_period
    and care_contact_count > 0
    and treatment_care_contact_count = 0 as is_ended_seen_not_treated_in_period,
    is_ended_in_period
    and treatment_care_contact_count = 1 as is_ended_treated_once_in_period,
    is_ended_in_period and is_finished_course as is_finished_course_in_period,
    is_ended_in_period and is_finished_course
    and days_to_first_treatment <= {{ var('six_weeks_in_days') }}
        as is_finished_within_6_weeks_in_period,
    is_ended_in_period and is_finished_course
    and days_to_first_treatment <= {{ var('eighteen_weeks_in_days') }}
        as is_finished_within_18_weeks_in_period,
    is_ended_in_period and coalesce(is_not_at_caseness, false)
        as is_not_at_caseness_in_period,
    is_ended_in_period and is_reliably_improved as is_reliably_improved_in_period,
    is_ended_in_period and has_no_reliable_change as has_no_reliable_change_in_period,
    is_ended_in_period and is_reliably_deteriorated
        as is_reliably_deteriorated_in_period,
    is_ended_in_period and is_recovered as is_recovered_in_period,
    is_ended_in_period and is_reliably_recovered as is_reliably_recovered_in_period,
    case when is_first_treated_in_period then days_to_first_treatment end
        as wait_of_access_days
from joined
