{{ care_spells('int_referral_months', 'national_pathway_id') }}
