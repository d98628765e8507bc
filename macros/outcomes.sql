{#-
    Outcomes of finished courses, one row per row of the grain.

    Two measures speak: PHQ-9 and one anxiety or problem-specific scale (ADSM). The
    specific scale of the problem is used when it is paired, otherwise GAD-7; the
    parameter adsm_requires_case_first_score adds the v1.5 condition on its first score.
    A last score exists only after discharge. Where the scale has no known reliable change
    value, PHQ-9 alone decides change, and reliable_change_basis says so. Flags are false
    on courses that are not finished; caseness is null when first scores do not tell.
    Source: NHS England measures metadata July 2026, M179 to M195; the guide to IAPT data
    v2.1; rulings in docs/explanation/derivations.md.
-#}
{% macro outcomes(grain, care_spells, first_last_scores, complaints) %}
with

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

-- The specific scale that the problem asks for, where its scores allow it.
specific_candidates as (
    select
        spells.edition,
        spells.pathway_key,
        spells.reporting_month,
        problem_scales.scale_id,
        problem_scales.adsm_token
    from spells
    inner join problem_scales
        on
            {{ matches_pattern(
                'spells.validated_presenting_complaint',
                'problem_scales.presenting_complaint_pattern'
            ) }}
            and spells.data_set_version
            between problem_scales.valid_from_version
            and problem_scales.valid_to_version
            and spells.reporting_month
            >= coalesce(problem_scales.valid_from_date, spells.reporting_month)
    inner join scores
        on
            {{ same_spell('spells', 'scores') }}
            and problem_scales.scale_id = scores.scale_id
    inner join thresholds
        on
            scores.scale_id = thresholds.scale_id
            and spells.data_set_version
            between thresholds.valid_from_version and thresholds.valid_to_version
    where
        scores.latest_score is not null
        {%- if var('adsm_requires_case_first_score') %}
        and {{ meets_threshold(
            'scores.first_score', 'thresholds.case_comparator', 'thresholds.case_value'
        ) }}
        {%- endif %}
),

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
),

compared as (
    select
        *,
        {{ at_case_level('phq_9_first_score', 'phq') }} as is_phq_case_at_start,
        {{ at_case_level('adsm_first_score', 'adsm') }} as is_adsm_case_at_start,
        {{ at_case_level('phq_9_last_score', 'phq') }} as is_phq_case_at_end,
        {{ at_case_level('adsm_last_score', 'adsm') }} as is_adsm_case_at_end,
        {{ changed_reliably('phq_9_first_score - phq_9_last_score', 'phq') }}
            as has_phq_improved,
        {{ changed_reliably('phq_9_last_score - phq_9_first_score', 'phq') }}
            as has_phq_deteriorated,
        coalesce(
            {{ changed_reliably('adsm_first_score - adsm_last_score', 'adsm') }}, false
        ) as has_adsm_improved,
        coalesce(
            {{ changed_reliably('adsm_last_score - adsm_first_score', 'adsm') }}, false
        ) as has_adsm_deteriorated,
        phq_9_first_score is not null
        and phq_9_last_score is not null
        and adsm_first_score is not null
        and adsm_last_score is not null as is_paired
    from scored
),

caseness as (
    select
        *,
        is_finished_course and is_paired as is_assessable,
        case
            when not is_finished_course then false
            when is_phq_case_at_start or is_adsm_case_at_start then true
            when not is_phq_case_at_start and not is_adsm_case_at_start then false
        end as is_at_caseness,
        case
            when not is_finished_course then false
            when is_phq_case_at_start or is_adsm_case_at_start then false
            when not is_phq_case_at_start and not is_adsm_case_at_start then true
        end as is_not_at_caseness
    from compared
),

flagged as (
    select
        *,
        coalesce(
            is_assessable
            and is_at_caseness
            and not is_phq_case_at_end
            and not is_adsm_case_at_end,
            false
        ) as is_recovered,
        is_assessable
        and (has_phq_improved or has_adsm_improved)
        and not has_phq_deteriorated
        and not has_adsm_deteriorated as is_reliably_improved,
        is_assessable
        and (has_phq_deteriorated or has_adsm_deteriorated)
        and not has_phq_improved
        and not has_adsm_improved as is_reliably_deteriorated
    from caseness
)

select
    edition,
    pathway_key,
    reporting_month,
    validated_presenting_complaint,
    phq_9_first_score,
    phq_9_last_score,
    phq_9_latest_score,
    adsm_scale_id,
    adsm_first_score,
    adsm_last_score,
    running_adsm_scale_id,
    running_adsm_first_score,
    running_adsm_latest_score,
    case
        when adsm_change_value is null then 'phq_9_only' else 'phq_9_and_adsm'
    end as reliable_change_basis,
    is_finished_course,
    is_finished_course and is_paired as is_paired,
    is_at_caseness,
    is_not_at_caseness,
    is_recovered,
    coalesce(is_reliably_improved, false) as is_reliably_improved,
    coalesce(is_reliably_deteriorated, false) as is_reliably_deteriorated,
    is_assessable
    and not coalesce(is_reliably_improved, false)
    and not coalesce(is_reliably_deteriorated, false) as has_no_reliable_change,
    is_recovered and coalesce(is_reliably_improved, false) as is_reliably_recovered
from flagged
{% endmacro %}
