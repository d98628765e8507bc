{{ employment_at_start('int_referrals_latest', 'pathway_id') }}
