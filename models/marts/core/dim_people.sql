with

referrals as (
    select * from {{ ref('int_referrals_linked') }}
    where is_final
),

ethnic_groups as (
    select
        source_code,
        group_code
    from {{ ref('characteristic_codes') }}
    where characteristic = 'ethnic_group'
),

-- What is known of a person is what the latest referral row says; of two in one month,
-- the later referral, then the place in the file: never a pseudonym, which a new epoch
-- changes.
ranked as (
    select
        *,
        row_number() over (
            partition by person_id
            order by
                reporting_month desc,
                referral_request_received_date desc,
                submission_id desc,
                row_number desc
        ) as recency_rank
    from referrals
),

referral_counts as (
    select
        person_id,
        count(distinct pathway_id) as referral_count,
        count(distinct provider_code) as provider_count
    from referrals
    group by person_id
)

select
    ranked.person_id,
    ranked.gender_code,
    ranked.validated_ethnic_category_code as ethnic_category_code,
    ranked.age_at_period_end as age_at_latest_period_end,
    ranked.deprivation_decile,
    referral_counts.referral_count,
    referral_counts.provider_count,
    ranked.reporting_month as latest_reporting_month,
    coalesce(ethnic_groups.group_code, 'not_stated') as ethnic_group
from ranked
inner join referral_counts
    on ranked.person_id = referral_counts.person_id
left join ethnic_groups
    on ranked.validated_ethnic_category_code = ethnic_groups.source_code
where ranked.recency_rank = 1
