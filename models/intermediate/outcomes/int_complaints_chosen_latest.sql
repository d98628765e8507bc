{{ chosen_complaints('int_referrals_latest', 'pathway_id') }}
