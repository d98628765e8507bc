{{ outcomes(
    'int_referrals_latest',
    'int_care_spells_latest',
    'int_first_last_scores_latest',
    'int_complaints_chosen_latest'
) }}
