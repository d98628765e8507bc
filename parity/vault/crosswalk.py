"""Who is one person: the rule that joins, as statements over the evidence.

What belongs here: the linkage steps after the first look at a record. The evidence is
the observations of the submissions in force, a refresh in the place of its primary, so
a corrected submission takes back what it had said wrong. The rule looks at all of it at
once: the order in which submissions arrive changes nothing, and no token is preferred
to another, so that other keys would join the same people.

    nhs_number                       the number names the person. A provider has one
                                     vote on whose it is: the birth date that more than
                                     half of its patients with the number show. It
                                     belongs to those who show the birth date of more
                                     than half of its providers; where some patients
                                     are verified, only these are asked. A record that
                                     has the number with another birth date counts as
                                     one without a number: it stands apart
    local_identifier_and_birth_date  a provider's local identifier and birth date, seen
                                     with exactly one number, belong to its person; a
                                     provider that took over another's identifiers
                                     counts as that one
    birth_date_postcode_gender       else these three, where exactly one person with a
                                     number shares them and nothing speaks against it:
                                     no number, believed or not; no second person at one
                                     provider with the same three (a twin); no crowd of
                                     one year of birth at the postcode (a hall of
                                     residence); no other person under another of the
                                     record's addresses
    alone                            else the person stands alone

What is ambiguous joins nothing: a missed join makes two records of one person, a wrong
one gives somebody another's history.
"""

from __future__ import annotations

# seen: what the records in force show, `number` only where it is believed. located: who
# each local identity is.
_RULE = """
    with recursive replaced as (
        select distinct regexp_replace(slot, '_refresh$', '_primary') as slot
        from vault.observation
        where ends_with(slot, '_refresh')
    ),

    current as (
        select *
        from vault.observation
        where slot not in (select slot from replaced)
    ),

    holdings as (
        select
            nhs_token,
            provider,
            patient_token,
            number_birth_token,
            bool_or(is_verified) as is_verified
        from current
        where nhs_token is not null
        and patient_token is not null
        and number_birth_token is not null
        group by all
    ),

    holders as (
        select nhs_token, provider, patient_token, bool_or(is_verified) as is_verified
        from holdings
        group by all
    ),

    asked as (
        select nhs_token, provider, patient_token
        from holders
        qualify is_verified or not bool_or(is_verified) over (partition by nhs_token)
    ),

    -- One vote a provider: else one that sends made-up patients outvotes the others.
    patients as (
        select nhs_token, provider, count(*) as patients
        from asked
        group by nhs_token, provider
    ),

    votes as (
        select nhs_token, provider, number_birth_token
        from holdings
        inner join asked using (nhs_token, provider, patient_token)
        inner join patients using (nhs_token, provider)
        group by nhs_token, provider, number_birth_token
        having 2 * count(*) > any_value(patients.patients)
    ),

    voters as (
        select nhs_token, count(*) as voters
        from patients
        group by nhs_token
    ),

    agreed as (
        select votes.number_birth_token
        from votes
        inner join voters using (nhs_token)
        group by votes.number_birth_token
        having 2 * count(*) > any_value(voters.voters)
    ),

    believed as (
        select distinct nhs_token, patient_token
        from holdings
        where number_birth_token in (select number_birth_token from agreed)
    ),

    doubted as (
        select distinct nhs_token, patient_token, number_birth_token
        from vault.observation
        semi join voters using (nhs_token)
        anti join believed using (nhs_token, patient_token)
        anti join agreed using (number_birth_token)
        where patient_token is not null and number_birth_token is not null
    ),

    seen as (
        select distinct
            current.provider,
            case when doubted.nhs_token is null then current.nhs_token end as number,
            doubted.nhs_token is not null as is_doubted,
            current.local_token,
            current.former_token,
            current.demographic_token,
            current.cohort_token
        from current
        left join doubted using (nhs_token, patient_token, number_birth_token)
    ),

    -- A successor's local identity goes on from its predecessor's where that one was
    -- seen, back to the first; where that is not one, it goes on from nobody.
    taken_over as (
        select distinct local_token, former_token
        from seen
        where former_token in (
            select local_token from seen where local_token is not null
        )
    ),

    reached as (
        select local_token, former_token as origin
        from taken_over
        union
        select reached.local_token, taken_over.former_token
        from reached
        inner join taken_over on reached.origin = taken_over.local_token
    ),

    first_of as (
        select local_token, any_value(origin) as origin
        from reached
        where origin not in (select local_token from taken_over)
        group by local_token
        having count(*) = 1
    ),

    origins as (
        select distinct
            seen.local_token,
            coalesce(first_of.origin, seen.local_token) as origin
        from seen
        left join first_of on seen.local_token = first_of.local_token
        where seen.local_token is not null
    ),

    -- What was ambiguous before somebody was removed stays so: the number that is left
    -- over need not be that of a record without one.
    numbers as (
        select
            origins.origin,
            count(distinct seen.number)
            + case
                when count(seen.number) > 0
                    then least(count(distinct ambiguous.token), 1)
                else 0
            end as numbers,
            any_value(seen.number) as number
        from seen
        inner join origins on seen.local_token = origins.local_token
        left join vault.ambiguous on seen.local_token = ambiguous.token
        group by origins.origin
    ),

    named as (
        select distinct
            seen.provider,
            seen.demographic_token,
            seen.cohort_token,
            seen.is_doubted,
            coalesce(
                seen.number,
                case when numbers.numbers = 1 then numbers.number end,
                origins.origin
            ) as person,
            seen.number is not null
                or coalesce(numbers.numbers = 1, false) as has_number
        from seen
        left join origins on seen.local_token = origins.local_token
        left join numbers on origins.origin = numbers.origin
    ),

    -- Forty people of all ages live at a postcode, and few of them are ever referred:
    -- more than three of one year of birth are no household.
    crowded as (
        select cohort_token
        from named
        where cohort_token is not null
        group by cohort_token
        having count(distinct person) > 3
    ),

    at_provider as (
        select
            demographic_token,
            count(distinct person) as persons,
            bool_or(cohort_token in (select cohort_token from crowded)) as is_crowded
        from named
        where demographic_token is not null
        group by demographic_token, provider
    ),

    unclear as (
        select distinct demographic_token
        from at_provider
        where persons > 1 or is_crowded
        union
        select token
        from vault.ambiguous
    ),

    numbered as (
        select distinct demographic_token, person
        from named
        where has_number and demographic_token is not null
    ),

    fitting as (
        select named.person, any_value(numbered.person) as target
        from named
        left join numbered using (demographic_token)
        left join unclear using (demographic_token)
        where not named.has_number and named.demographic_token is not null
        group by named.person
        having count(distinct numbered.person) = 1
        and count(unclear.demographic_token) = 0
        and not bool_or(named.is_doubted)
    ),

    known as (
        select token as known_as
        from vault.identifier
        where domain = 'person'
    ),

    -- The token that names a local identity must have landed: who could open it else?
    naming as (
        select
            origins.origin,
            coalesce(
                max(known.known_as) filter (where known.known_as = origins.origin),
                min(known.known_as)
            ) as name
        from origins
        left join known on origins.local_token = known.known_as
        group by origins.origin
    ),

    located as (
        select
            origins.local_token,
            coalesce(
                case when numbers.numbers = 1 then numbers.number end,
                fitting.target,
                naming.name
            ) as person,
            case
                when numbers.numbers = 1 then 'local_identifier_and_birth_date'
                when fitting.target is not null then 'birth_date_postcode_gender'
                when naming.name != origins.local_token
                    then 'local_identifier_and_birth_date'
                else 'alone'
            end as step
        from origins
        inner join numbers on origins.origin = numbers.origin
        inner join naming on origins.origin = naming.origin
        left join fitting
            on origins.origin = fitting.person and numbers.numbers = 0
    )
"""

# known_as: the token under which a person stood in some submission. person: the token
# that names them now. step: what joined them.
LINKS = (
    _RULE
    + """
    select
        known.known_as,
        coalesce(located.person, known.known_as) as person,
        case
            when known.known_as in (
                select number from seen where number is not null
            ) then 'nhs_number'
            else coalesce(located.step, 'alone')
        end as step
    from known
    left join located on known.known_as = located.local_token
    order by known.known_as
"""
)

# Every provider's local identity (with birth date) in force, and whom it names.
LOCALS = (
    _RULE
    + """
    select local_token, person
    from located
    where person is not null
"""
)

# Every record, replaced ones too, whose number is not believed, and who it is instead.
APART = (
    _RULE
    + """
    select distinct observation.slot, observation.row_number, located.person
    from vault.observation
    inner join doubted using (nhs_token, patient_token, number_birth_token)
    left join located on observation.local_token = located.local_token
    order by all
"""
)
