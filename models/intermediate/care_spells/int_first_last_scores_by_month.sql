{{ first_last_scores('int_referral_months', 'national_pathway_id') }}
