with

source as (
    select
        submission_id,
        row_number,
        careactid,
        codedasstooltype,
        persscore
    from {{ source('iapt_v2_1', 'ids607codedscoreassessmentact') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        careactid as care_activity_key,
        -- facts
        codedasstooltype as assessment_tool_code,
        persscore as person_score
    from source
)

select * from renamed
