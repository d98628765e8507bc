with

source as (
    select
        submission_id,
        row_number,
        localpatientid,
        orgidlocalpatientid,
        nhsnumberstatus,
        gender,
        genderidentity,
        genderidentitysameatbirth,
        ethniccategory,
        ethniccategory2021,
        exbafindicator,
        languagecodepreferred,
        eduestabtypeiapt,
        nationalpersonid,
        linkagestep,
        age_rp_startdate,
        age_rp_enddate,
        validpostcode_flag,
        lsoa,
        indicesofdeprivationdecile
    from {{ source('iapt_v2_1', 'ids001mpi') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        localpatientid as local_patient_key,
        nationalpersonid as national_person_id,
        -- facts
        orgidlocalpatientid as local_patient_organisation_code,
        nhsnumberstatus as nhs_number_status_code,
        gender as gender_code,
        genderidentity as gender_identity_code,
        genderidentitysameatbirth as gender_identity_same_at_birth_code,
        ethniccategory as ethnic_category_code,
        ethniccategory2021 as ethnic_category_2021_code,
        exbafindicator as ex_armed_forces_code,
        languagecodepreferred as preferred_language_code,
        eduestabtypeiapt as educational_establishment_type_code,
        linkagestep as linkage_step,
        age_rp_startdate as age_at_period_start,
        age_rp_enddate as age_at_period_end,
        validpostcode_flag as has_live_postcode,
        lsoa as lower_layer_super_output_area_code,
        indicesofdeprivationdecile as deprivation_decile
    from source
)

select * from renamed
