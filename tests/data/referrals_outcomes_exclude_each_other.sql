-- The same truths on single pathways, where sums cannot hide a broken one: at most one
-- kind of change, recovery only from caseness, outcomes only of finished courses.
-- Returns a count.
with

courses as (
    select
        is_finished_course,
        is_recovered,
        is_reliably_recovered,
        is_reliably_improved,
        is_paired,
        coalesce(is_at_caseness, false) as is_at_caseness,
        coalesce(is_not_at_caseness, false) as is_not_at_caseness,
        cast(is_reliably_improved as integer)
        + cast(is_reliably_deteriorated as integer)
        + cast(has_no_reliable_change as integer) as kinds_of_change
    from {{ ref('fct_referrals') }}
)

select count(*) as broken_pathways
from courses
where
    kinds_of_change != cast(is_paired as integer)
    or (is_at_caseness and is_not_at_caseness)
    or (is_recovered and not is_at_caseness)
    or is_reliably_recovered != (is_recovered and is_reliably_improved)
    or (
        (is_at_caseness or is_not_at_caseness or is_paired)
        and not is_finished_course
    )
having count(*) > 0
