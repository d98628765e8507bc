{#-
    The CTEs up to `scored`: every spell with its first and last scores on PHQ-9 and on
    the one anxiety or problem-specific scale (ADSM), and the thresholds of both.

    The specific scale of the problem is used when it is paired, otherwise GAD-7; the
    parameter adsm_requires_case_first_score adds the v1.5 condition on its first score.
    A last score exists only after discharge; the running scale is what it would be today.
    Source: NHS England measures metadata July 2026, M179 to M195; the guide to IAPT data
    v2.1; rulings in docs/explanation/derivations.md.
-#}
{% macro scored_courses(grain, care_spells, first_last_scores, complaints) %}
spells as (
    select
        spells.edition,
        spells.pathway_key,
        spells.reporting_month,
        spells.data_set_version,
        spells.service_discharge_date is not null as is_discharged,
        care.is_finished_course,
        complaints.validated_presenting_complaint
    from {{ ref(grain) }} as spells
    inner join {{ ref(care_spells) }} as care
        on {{ same_spell('spells', 'care') }}
    left join {{ ref(complaints) }} as complaints
        on {{ same_spell('spells', 'complaints') }}
),

scores as (
    select * from {{ ref(first_last_scores) }}
),

thresholds as (
    select * from {{ ref('scale_thresholds') }}
),

problem_scales as (
    select * from {{ ref('problem_scales') }}
),

{{ specific_scales() }},

with_scales as (
    select
        spells.*,
        phq.first_score as phq_9_first_score,
        phq.latest_score as phq_9_latest_score,
        specific_candidates.adsm_token as running_adsm_token,
        coalesce(specific_candidates.scale_id, 'gad_7') as running_adsm_scale_id,
        case
            when spells.is_discharged
                then coalesce(specific_candidates.scale_id, 'gad_7')
            else 'gad_7'
        end as adsm_scale_id
    from spells
    left join scores as phq
        on {{ same_spell('spells', 'phq') }} and phq.scale_id = 'phq_9'
    left join specific_candidates
        on {{ same_spell('spells', 'specific_candidates') }}
),

scored as (
    select
        with_scales.*,
        adsm.first_score as adsm_first_score,
        running.first_score as running_adsm_first_score,
        running.latest_score as running_adsm_latest_score,
        case when with_scales.is_discharged then with_scales.phq_9_latest_score end
            as phq_9_last_score,
        case when with_scales.is_discharged then adsm.latest_score end
            as adsm_last_score,
        phq_threshold.case_comparator as phq_case_comparator,
        phq_threshold.case_value as phq_case_value,
        phq_threshold.reliable_change_comparator as phq_change_comparator,
        phq_threshold.reliable_change_value as phq_change_value,
        adsm_threshold.case_comparator as adsm_case_comparator,
        adsm_threshold.case_value as adsm_case_value,
        adsm_threshold.reliable_change_comparator as adsm_change_comparator,
        adsm_threshold.reliable_change_value as adsm_change_value
    from with_scales
    left join scores as adsm
        on
            {{ same_spell('with_scales', 'adsm') }}
            and with_scales.adsm_scale_id = adsm.scale_id
    left join scores as running
        on
            {{ same_spell('with_scales', 'running') }}
            and with_scales.running_adsm_scale_id = running.scale_id
    left join thresholds as phq_threshold
        on
            phq_threshold.scale_id = 'phq_9'
            and with_scales.data_set_version
            between phq_threshold.valid_from_version
            and phq_threshold.valid_to_version
    left join thresholds as adsm_threshold
        on
            with_scales.adsm_scale_id = adsm_threshold.scale_id
            and with_scales.data_set_version
            between adsm_threshold.valid_from_version
            and adsm_threshold.valid_to_version
)
{% endmacro %}
