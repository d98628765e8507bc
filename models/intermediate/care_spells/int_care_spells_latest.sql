{{ care_spells('int_referrals_latest', 'pathway_id') }}
