with

source as (
    select
        submission_id,
        row_number,
        servicerequestid,
        codedasstooltype,
        persscore,
        asstoolcompdate,
        asstoolcomptime
    from {{ source('iapt_v2_1', 'ids606codedscoreassessmentrefer') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        servicerequestid as service_request_key,
        -- facts
        codedasstooltype as assessment_tool_code,
        persscore as person_score,
        asstoolcompdate as assessment_completion_date,
        asstoolcomptime as assessment_completion_time
    from source
)

select * from renamed
