{{ first_last_scores('int_referrals_latest', 'pathway_id') }}
