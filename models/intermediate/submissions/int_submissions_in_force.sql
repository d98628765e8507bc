with

submissions as (
    select * from {{ ref('stg_parity__submissions') }}
),

receipts as (
    select * from {{ ref('stg_parity__receipts') }}
),

-- The last good file counts: the latest arrival of a provider, month and kind.
ranked_arrivals as (
    select
        submissions.submission_id,
        submissions.provider_code,
        submissions.reporting_month,
        submissions.reporting_period_end_date,
        submissions.submission_kind,
        submissions.data_set_version,
        receipts.received_at,
        row_number() over (
            partition by
                submissions.provider_code,
                submissions.reporting_month,
                submissions.submission_kind
            order by receipts.received_at desc, receipts.receipt_number desc
        ) as arrival_rank
    from submissions
    inner join receipts
        on submissions.submission_id = receipts.submission_id
),

latest_arrivals as (
    select * from ranked_arrivals
    where arrival_rank = 1
),

-- Final data of a month are the accepted refresh, else the accepted primary.
ranked_kinds as (
    select
        *,
        row_number() over (
            partition by provider_code, reporting_month
            order by case when submission_kind = 'refresh' then 1 else 2 end
        ) as kind_rank
    from latest_arrivals
),

editions as (
    select
        submission_kind as edition,
        submission_id
    from ranked_kinds
    union all
    select
        'final' as edition,
        submission_id
    from ranked_kinds
    where kind_rank = 1
)

select
    editions.edition,
    ranked_kinds.provider_code,
    ranked_kinds.reporting_month,
    ranked_kinds.reporting_period_end_date,
    ranked_kinds.submission_id,
    ranked_kinds.submission_kind,
    ranked_kinds.data_set_version,
    ranked_kinds.received_at
from editions
inner join ranked_kinds
    on editions.submission_id = ranked_kinds.submission_id
