{{ outcomes(
    'int_referral_months',
    'int_care_spells_by_month',
    'int_first_last_scores_by_month',
    'int_complaints_chosen_by_month'
) }}
