{{ referral_characteristics(
    'int_referral_months',
    'int_employment_at_start_by_month'
) }}
