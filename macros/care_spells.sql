{#-
    Counts and dates of care inside the referral, one row per row of the grain.

    In the referral means between the day it was received and the day of discharge (or the
    period's end), both included; a log must start and end inside. Counts hold attended
    contacts of any type and logs; treatment counts hold treatment contacts and logs.
-#}
{% macro care_spells(grain, key) %}
with

spells as (
    select * from {{ ref(grain) }}
),

events as (
    select * from {{ ref('int_care_events') }}
),

in_referral as (
    select
        spells.edition,
        spells.pathway_key,
        spells.reporting_month,
        events.event_kind,
        events.event_date,
        events.is_treatment,
        events.is_assessment
    from spells
    inner join events
        on {{ events_of_spell('events', key) }}
    where
        events.event_start_date >= spells.referral_request_received_date
        and events.event_date <= spells.window_end_date
),

counted as (
    select
        edition,
        pathway_key,
        reporting_month,
        count(*) as care_contact_count,
        count(*) filter (where event_kind = 'care_contact')
            as attended_care_contact_count,
        count(*) filter (where event_kind = 'internet_therapy_log')
            as internet_therapy_log_count,
        count(*) filter (where is_treatment) as treatment_care_contact_count,
        min(event_date) filter (where is_assessment) as assessment_first_date,
        max(event_date) filter (where is_assessment) as assessment_last_date,
        min(event_date) filter (where is_treatment) as therapy_session_first_date,
        {{ nth_smallest('case when is_treatment then event_date end', 2) }}
            as therapy_session_second_date,
        max(event_date) filter (where is_treatment) as therapy_session_last_date
    from in_referral
    group by edition, pathway_key, reporting_month
)

select
    spells.edition,
    spells.pathway_key,
    spells.reporting_month,
    coalesce(counted.care_contact_count, 0) as care_contact_count,
    coalesce(counted.attended_care_contact_count, 0) as attended_care_contact_count,
    coalesce(counted.internet_therapy_log_count, 0) as internet_therapy_log_count,
    coalesce(counted.treatment_care_contact_count, 0) as treatment_care_contact_count,
    counted.assessment_first_date,
    counted.assessment_last_date,
    counted.therapy_session_first_date,
    counted.therapy_session_second_date,
    counted.therapy_session_last_date,
    spells.service_discharge_date is not null
    and coalesce(counted.treatment_care_contact_count, 0)
    >= {{ var('treatment_contacts_to_finish') }} as is_finished_course
from spells
left join counted
    on
        spells.edition = counted.edition
        and spells.pathway_key = counted.pathway_key
        and spells.reporting_month = counted.reporting_month
{% endmacro %}
