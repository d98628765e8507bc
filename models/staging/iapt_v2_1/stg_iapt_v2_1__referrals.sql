with

source as (
    select
        submission_id,
        row_number,
        servicerequestid,
        localpatientid,
        orgidcomm,
        referralrequestreceiveddate,
        sourceofreferraliapt,
        onsetdate,
        prevdiagcondind,
        endcode,
        servdischdate,
        nationalpathwayid,
        personservicerequestkey,
        age_referralrequest_receiveddate,
        age_servicedischarge_date
    from {{ source('iapt_v2_1', 'ids101referral') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        servicerequestid as service_request_key,
        localpatientid as local_patient_key,
        nationalpathwayid as national_pathway_id,
        personservicerequestkey as person_service_request_key,
        -- facts
        orgidcomm as commissioner_code,
        referralrequestreceiveddate as referral_request_received_date,
        sourceofreferraliapt as source_of_referral_code,
        onsetdate as symptoms_onset_month,
        prevdiagcondind as previous_diagnosed_condition_code,
        endcode as discharge_reason_code,
        servdischdate as service_discharge_date,
        age_referralrequest_receiveddate as age_at_referral,
        age_servicedischarge_date as age_at_discharge
    from source
)

select * from renamed
