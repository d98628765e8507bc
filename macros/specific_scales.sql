{#-
    The CTE `specific_candidates`: the specific scale that a spell's problem asks for,
    where its scores allow it. It reads the CTEs of scored_courses.
-#}
{% macro specific_scales() %}
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
)
{% endmacro %}
