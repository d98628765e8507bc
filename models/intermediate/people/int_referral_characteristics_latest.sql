{{ referral_characteristics('int_referrals_latest', 'int_employment_at_start_latest') }}
