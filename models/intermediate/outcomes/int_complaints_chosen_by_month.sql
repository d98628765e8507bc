{{ chosen_complaints('int_referral_months', 'national_pathway_id') }}
