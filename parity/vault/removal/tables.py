"""The vault's tables of removal: who may be used, who is kept out, whom to ask about.

What belongs here: their making. Columns whose name ends in `token` are tokens under the
linkage key; each has its sealed message in vault.identifier, as every token of the
vault has, so that a new linkage key reaches these tables too.
"""

from __future__ import annotations

# to_ask: the NHS number of everybody who landed under one, sealed with the keyring's
# key `to_ask` (AES-SIV), so that the national check can be asked. asked: of whom the
# request that is out asks. opt_out_check, permitted: the last answer, replaced whole;
# who is not permitted stands nowhere but in kept_out, and there for as long as that
# answer holds. kept_out: tokens whose rows are not taken in; because_of_token is the
# NHS number that the check did not return, null for somebody who was erased. ambiguous:
# evidence that others share with somebody who went; it joins nobody from then on, as it
# joined nobody before. short_submission: submissions (identifiers of content) that have
# landed without rows of somebody, whoever it was: where to look when people are
# permitted again.
REMOVAL_TABLES = """
    create table if not exists vault.to_ask (
        token blob not null, key_version integer not null, sealed blob not null
    );
    create table if not exists vault.asked (
        request varchar not null, asked_at timestamp not null, token blob not null
    );
    create table if not exists vault.opt_out_check (
        request varchar not null, asked_at timestamp not null,
        loaded_at timestamp not null
    );
    create table if not exists vault.permitted (token blob not null);
    create table if not exists vault.kept_out (
        token blob not null, because_of_token blob
    );
    create table if not exists vault.ambiguous (token blob not null);
    create table if not exists vault.short_submission (submission_id uuid not null)
"""
