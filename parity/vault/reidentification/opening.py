"""Opening: a request and two approvals in, one answer out; the ledger first.

What belongs here: the order of the steps. Everything is checked, then the ledger gets
its entry, then the request's one-time key is destroyed and the vault notes the opening;
only then are the halves joined. Whatever ends the process after the entry, the request
is spent and must be asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import duckdb

from parity.home import Home
from parity.home.unlock import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.custodian_key import Card
from parity.vault.custodians import Custodians, appointed, joined
from parity.vault.custodians import replace as replace_custodian
from parity.vault.errors import VaultError
from parity.vault.reidentification.answer import sealed_answer
from parity.vault.reidentification.approval import (
    Approval,
    check_approvals,
    halves_of,
)
from parity.vault.reidentification.asking import hash_of, source_epoch
from parity.vault.reidentification.records import (
    JOINED,
    REFUSED,
    Limits,
    Records,
    note_opening,
    openings,
    read_records,
)
from parity.vault.reidentification.request import Act, Request, altered
from parity.vault.reidentification.subject import identifiers_of
from parity.vault.store import Vault
from pseudonymisation.errors import CodedError, LedgerBroken

_NO_LIMIT = Limits(day=2**31, month=2**31)


def open_request(
    home: Home,
    keyring: Keyring,
    request: Request,
    approvals: Sequence[Approval],
    *,
    limits: Limits | None = None,
    now: datetime | None = None,
) -> bytes:
    """The answer to a request that two custodians approved, sealed to its recipient.

    limits: how many people may be named; a test brings its own, and its own clock.
    Raises VaultError; what the codes mean stands in docs/how_to/reidentify.md.
    """
    limits = limits or Limits()
    with _opened(home, keyring, request, approvals, "reidentify", limits, now) as held:
        connection, private = held
        identifiers = identifiers_of(connection, keyring, request, private)
        return sealed_answer(request, identifiers)


def open_replacement(
    home: Home,
    keyring: Keyring,
    request: Request,
    approvals: Sequence[Approval],
    *,
    now: datetime | None = None,
) -> Custodians:
    """Put a new custodian in force, as two custodians approved. Raises VaultError."""
    new = request.recipient
    card = Card(new.name, new.signing_public, new.opening_public, new.signature)
    with _opened(home, keyring, request, approvals, "replace", _NO_LIMIT, now) as held:
        return replace_custodian(home, keyring, request.subject, card, held[1])


@contextmanager
def _opened(
    home: Home,
    keyring: Keyring,
    request: Request,
    approvals: Sequence[Approval],
    act: Act,
    limits: Limits,
    now: datetime | None,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, bytes]]:
    """The vault and the opening key, for as long as the context lasts."""
    with home.lock("reidentification"), _open_vault(home, keyring) as vault:
        connection, custodians = vault.connection, appointed(home, keyring)
        try:
            records = read_records(keyring, now)
            _check_ledger(records, openings(connection))
            records.forget_expired(keyring)
            _check_request(keyring, request, act, records, custodians)
            first, second = check_approvals(request, approvals, custodians)
            records.check_rate(limits)
            one_time = keyring.key_to_read(request.key_name)
        except LedgerBroken:
            raise
        except CodedError as error:
            # What was handed in is the caller's: only our own word for it is entered.
            keyring.ledger().append(REFUSED, reason=error.code)
            raise
        keyring.ledger().append(
            JOINED[act],
            request=request.request_id,
            hash=hash_of(keyring, request),
            purpose=request.purpose_code,
            first=first.custodian,
            second=second.custodian,
        )
        keyring.destroy(request.key_name)
        note_opening(connection, request.request_id)
        halves = halves_of(request, first, second, one_time)
        yield connection, joined(custodians, *halves)


@contextmanager
def _open_vault(home: Home, keyring: Keyring) -> Iterator[Vault]:
    """The vault in force: one that was cut off being written anew is finished first.

    What is noted in a file that is replaced afterwards would be lost.
    """
    resume_rewriting(home, keyring)
    with Vault.open(home, keyring.key("vault")) as vault:
        yield vault


def _check_ledger(records: Records, opened: frozenset[str]) -> None:
    if not opened <= records.opened:
        raise VaultError(
            "ledger_behind", "the vault was opened and the ledger does not say so"
        )


def _check_request(
    keyring: Keyring,
    request: Request,
    act: Act,
    records: Records,
    custodians: Custodians,
) -> None:
    """Raise VaultError unless it is one of this home's that waits to be opened."""
    request.check_signature()
    told = records.requested.get(request.request_id)
    is_ours = request.request_public == custodians.request_public.hex()
    if request.act != act or not is_ours or told != hash_of(keyring, request):
        raise altered()
    if request.request_id in records.opened:
        raise VaultError("request_spent", "that request was opened before", 1)
    request.check_open(records.now)
    if dict(request.halves) != dict(custodians.halves):
        raise VaultError(
            "other_custodians", "a custodian was replaced since; ask anew", 1
        )
    if request.epoch != source_epoch(keyring, request.source):
        raise VaultError(
            "other_epoch", "that pseudonym is of an epoch that has ended", 1
        )
