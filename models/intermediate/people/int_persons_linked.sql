with

persons as (
    select * from {{ ref('stg_iapt_v2_1__persons') }}
),

submissions as (
    select * from {{ ref('int_submissions_used') }}
),

person_links as (
    select * from {{ ref('stg_parity__person_links') }}
),

records_apart as (
    select * from {{ ref('stg_parity__records_apart') }}
),

ethnic_categories as (
    select code
    from {{ ref('code_lists') }}
    where code_list = 'ethnic_category' and kind != 'derived'
),

-- The national derivation: blank or 0 is missing, 9 and 99 are not known, a code of the
-- list is kept, anything else is invalid.
cleaned as (
    select
        persons.*,
        nullif(upper(trim(persons.ethnic_category_code)), '') as ethnic_code
    from persons
),

validated as (
    select
        cleaned.*,
        case
            when cleaned.ethnic_code is null or cleaned.ethnic_code = '0' then '-1'
            when cleaned.ethnic_code = '9' then '99'
            when ethnic_categories.code is not null then ethnic_categories.code
            else '-3'
        end as validated_ethnic_category_code
    from cleaned
    left join ethnic_categories
        on cleaned.ethnic_code = ethnic_categories.code
)

-- A record whose number is not believed is whom the rest of it names, else whom its
-- provider's local identifier names: never the person of that number.
select
    validated.submission_id,
    validated.local_patient_key,
    validated.national_person_id,
    validated.linkage_step,
    validated.gender_code,
    validated.validated_ethnic_category_code,
    validated.age_at_period_start,
    validated.age_at_period_end,
    validated.deprivation_decile,
    validated.lower_layer_super_output_area_code,
    validated.has_live_postcode,
    case
        when records_apart.row_number is null then person_links.person_id
        else coalesce(records_apart.person_id, validated.local_patient_key)
    end as person_id
from validated
inner join submissions
    on validated.submission_id = submissions.submission_id
left join person_links
    on validated.national_person_id = person_links.national_person_id
left join records_apart
    on
        submissions.provider_code = records_apart.provider_code
        and submissions.reporting_month = records_apart.reporting_month
        and submissions.submission_kind = records_apart.submission_kind
        and validated.row_number = records_apart.row_number
