with

scores as (
    select * from {{ ref('int_assessment_scores') }}
    where is_final
),

referrals as (
    select * from {{ ref('int_referrals_latest') }}
)

select
    scores.pathway_id,
    scores.scale_id,
    scores.scored_date,
    row_number() over (
        partition by scores.pathway_id, scores.scale_id
        order by scores.score_order, scores.score
    ) as score_number,
    scores.score,
    {{ days_between('referrals.referral_request_received_date', 'scores.scored_date') }}
        as days_from_referral
from scores
inner join referrals
    on scores.pathway_id = referrals.pathway_id
where
    scores.scored_date
    between referrals.referral_request_received_date and referrals.window_end_date
