with

source as (
    select
        submission_id,
        row_number,
        localpatientid,
        employstatus,
        employstatusrecdate,
        weekhoursworked,
        selfemployind,
        sickabsenceind,
        sspind,
        benefitrecind,
        esaind,
        ucind,
        pipind,
        empsupportind,
        empsupportreferral,
        empsupportdischargedate
    from {{ source('iapt_v2_1', 'ids004empstatus') }}
),

renamed as (
    select
        -- keys
        submission_id,
        row_number,
        localpatientid as local_patient_key,
        -- facts
        employstatus as employment_status_code,
        employstatusrecdate as employment_status_recorded_date,
        weekhoursworked as weekly_hours_worked_code,
        selfemployind as self_employed_code,
        sickabsenceind as sickness_absence_code,
        sspind as statutory_sick_pay_code,
        benefitrecind as benefit_receipt_code,
        esaind as employment_and_support_allowance_code,
        ucind as universal_credit_code,
        pipind as personal_independence_payment_code,
        empsupportind as employment_support_suitability_code,
        empsupportreferral as employment_support_referral_date,
        empsupportdischargedate as employment_support_discharge_date
    from source
)

select * from renamed
