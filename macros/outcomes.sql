{#-
    Outcomes of finished courses, one row per row of the grain.

    Two measures speak, PHQ-9 and the ADSM (see scored_courses). Where the scale has no
    known reliable change value, PHQ-9 alone decides change, and reliable_change_basis
    says so. Flags are false on courses that are not finished; caseness is null when first
    scores do not tell.
    Source: NHS England measures metadata July 2026, M179 to M195; the guide to IAPT data
    v2.1; rulings in docs/explanation/derivations.md.
-#}
{% macro outcomes(grain, care_spells, first_last_scores, complaints) %}
with

{{ scored_courses(grain, care_spells, first_last_scores, complaints) }},

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
