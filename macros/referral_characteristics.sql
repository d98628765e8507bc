{#-
    The equality characteristics of a referral in long form: one row per row of the grain
    and characteristic, with the group it falls in. Every characteristic goes this one way:
    a source code, then the group that seeds/characteristic_codes.csv gives it, else
    not_stated. Age is the age at the period's end, as in the official tables.
-#}
{% macro referral_characteristics(grain, employment) %}
with

spells as (
    select
        spells.*,
        employment.employment_group_at_start,
        age_bands.group_code as age_band
    from {{ ref(grain) }} as spells
    left join {{ ref(employment) }} as employment
        on {{ same_spell('spells', 'employment') }}
    left join {{ ref('age_bands') }} as age_bands
        on
            spells.age_at_period_end between age_bands.age_from and age_bands.age_to
            and spells.data_set_version >= age_bands.valid_from_version
),

{% set sources = {
    'ethnic_category': 'validated_ethnic_category_code',
    'ethnic_group': 'validated_ethnic_category_code',
    'age_band': 'age_band',
    'gender': 'gender_code',
    'employment_at_start': 'employment_group_at_start',
    'deprivation_decile': 'deprivation_decile',
} -%}
coded as (
    {%- for characteristic, column in sources.items() %}
    select
        edition,
        pathway_key,
        reporting_month,
        '{{ characteristic }}' as characteristic,
        cast({{ column }} as {{ dbt.type_string() }}) as source_code
    from spells
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

codes as (
    select * from {{ ref('characteristic_codes') }}
)

select
    coded.edition,
    coded.pathway_key,
    coded.reporting_month,
    coded.characteristic,
    coalesce(codes.group_code, 'not_stated') as group_code
from coded
left join codes
    on
        coded.characteristic = codes.characteristic
        and coded.source_code = codes.source_code
{% endmacro %}
