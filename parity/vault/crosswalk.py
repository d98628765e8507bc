"""Who is one person: the rule that joins, as one statement over the evidence.

What belongs here: the linkage steps after the first look at a record. The evidence is
the observations of the submissions in force, so a corrected submission takes back what
it had said wrong. The rule looks at all of it at once: the order in which submissions
arrive changes nothing.

    nhs_number                       the number names the person
    local_identifier_and_birth_date  a provider's local identifier and birth date, seen
                                     with exactly one number, belong to its person; a
                                     provider that took over another's identifiers
                                     counts as that one
    birth_date_postcode_gender       else these three, where nothing speaks against it:
                                     at most one numbered person shares them, and at no
                                     provider do two persons (twins) share them
    alone                            else the person stands alone

What is ambiguous joins nothing: a missed join makes two records of one person, a wrong
one gives somebody another's history.
"""

from __future__ import annotations

# known_as: the token under which a person stood in some submission. person: the token
# that names them now. step: what joined them.
LINKS = """
    with recursive seen as (
        select distinct
            provider, nhs_token, local_token, former_token, demographic_token
        from vault.observation
    ),

    -- A successor's local identifier is its predecessor's when that one was seen too.
    taken_over as (
        select local_token, min(former_token) as former_token
        from seen
        where former_token in (select local_token from seen)
        group by local_token
        having count(distinct former_token) = 1
    ),

    followed as (
        select distinct local_token, local_token as origin, 0 as steps
        from seen
        where local_token is not null
        union all
        select followed.local_token, taken_over.former_token, followed.steps + 1
        from followed
        inner join taken_over on followed.origin = taken_over.local_token
    ),

    origins as (
        select local_token, arg_max(origin, steps) as origin
        from followed
        group by local_token
    ),

    numbers as (
        select
            origins.origin,
            count(distinct seen.nhs_token) as numbers,
            min(seen.nhs_token) as nhs_token
        from seen
        inner join origins on seen.local_token = origins.local_token
        group by origins.origin
    ),

    named as (
        select distinct
            seen.provider,
            seen.demographic_token,
            coalesce(
                seen.nhs_token,
                case when numbers.numbers = 1 then numbers.nhs_token end,
                origins.origin
            ) as person,
            seen.nhs_token is not null
                or coalesce(numbers.numbers = 1, false) as has_number
        from seen
        left join origins on seen.local_token = origins.local_token
        left join numbers on origins.origin = numbers.origin
    ),

    ambiguous as (
        select demographic_token
        from named
        group by demographic_token, provider
        having count(distinct person) > 1
        union
        select demographic_token
        from named
        where has_number
        group by demographic_token
        having count(distinct person) > 1
    ),

    shared as (
        select
            demographic_token,
            coalesce(min(person) filter (where has_number), min(person)) as person
        from named
        where demographic_token is not null
        and demographic_token not in (
            select demographic_token from ambiguous where demographic_token is not null
        )
        group by demographic_token
    ),

    -- All that a person without a number was seen with must lead to the same person.
    joined as (
        select named.person, min(shared.person) as target
        from named
        left join shared on named.demographic_token = shared.demographic_token
        where not named.has_number and named.demographic_token is not null
        group by named.person
        having count(distinct shared.person) = 1 and count(*) = count(shared.person)
    ),

    known as (
        select token as known_as
        from vault.identifier
        where domain = 'person'
    ),

    resolved as (
        select
            known.known_as,
            coalesce(
                joined.target,
                case when numbers.numbers = 1 then numbers.nhs_token end,
                origins.origin,
                known.known_as
            ) as person,
            case
                when known.known_as in (select nhs_token from seen) then 'nhs_number'
                when numbers.numbers = 1 or origins.origin != known.known_as
                    then 'local_identifier_and_birth_date'
                when joined.target != origins.origin then 'birth_date_postcode_gender'
                else 'alone'
            end as step
        from known
        left join origins on known.known_as = origins.local_token
        left join numbers on origins.origin = numbers.origin
        left join joined
            on origins.origin = joined.person and numbers.numbers = 0
    )

    select known_as, person, step
    from resolved
    order by known_as
"""
