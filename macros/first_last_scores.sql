{#-
    First and latest score of each scale inside the referral, one row per row of the grain
    and scale. The latest needs two different records; whether it counts as the last score
    is decided where discharge is known. Of two records of one moment and place (in two
    submissions) the lower score counts as the earlier: something must decide that is no
    pseudonym, whose order a new epoch changes.
-#}
{% macro first_last_scores(grain, key) %}
with

spells as (
    select * from {{ ref(grain) }}
),

scores as (
    select * from {{ ref('int_assessment_scores') }}
),

in_referral as (
    select
        spells.edition,
        spells.pathway_key,
        spells.reporting_month,
        scores.scale_id,
        scores.score,
        {{ tie_free_score_order('scores.score_order', 'scores.score') }} as place
    from spells
    inner join scores
        on {{ events_of_spell('scores', key) }}
    where
        scores.scored_date
        between spells.referral_request_received_date and spells.window_end_date
)

select
    edition,
    pathway_key,
    reporting_month,
    scale_id,
    count(*) as score_count,
    arg_min(score, place) as first_score,
    case
        when count(*) >= {{ var('minimum_scores_for_last_score') }}
            then arg_max(score, place)
    end as latest_score
from in_referral
group by edition, pathway_key, reporting_month, scale_id
{% endmacro %}
