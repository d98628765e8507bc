"""From a pseudonym back to a person: only two custodians together, one at a time.

    request      one pseudonym, why, for whom, until when; signed by the home
    approval     one custodian's yes to this very request, with that custodian's halves
    opening      request and two approvals; the ledger's entry, then one person's
                 identifiers, sealed to the recipient
    replacement  the same for putting a new custodian in the place of one who leaves
    records      what ledger and vault tell of it, and whether they agree

A home holds neither the opening key nor a custodian's key. What two approvals bring is
joined in one process, for one request, and forgotten.
"""
