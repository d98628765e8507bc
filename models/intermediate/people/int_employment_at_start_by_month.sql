{{ employment_at_start('int_referral_months', 'national_pathway_id') }}
