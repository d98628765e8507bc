"""Opening: a request and two approvals in, one answer out; the ledger first.

What belongs here: the order of the steps. Everything is checked, also that there is
somebody to name, then the ledger gets its entry, then the request's one-time key is
destroyed and the vault notes the opening; only then are the halves joined. Whatever
ends the process after the entry, the request is spent and must be asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

import duckdb
import polars as pl

from parity.home import Home
from parity.home.unlock import Keyring
from parity.rewriting import resume_rewriting
from parity.vault.custodians import Custodians, appointed, joined
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
from parity.vault.reidentification.subject import identifiers_of, tokens_of
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
        identifiers = identifiers_of(held.connection, held.tokens, held.private)
        return sealed_answer(request, identifiers)


def open_replacement(
    home: Home,
    keyring: Keyring,
    request: Request,
    approvals: Sequence[Approval],
    *,
    now: datetime | None = None,
) -> bytes:
    """The opening key, for the replacement of a custodian that two approved.

    For parity.rotation.opening_key alone, which ends that key. Raises VaultError.
    """
    with _opened(home, keyring, request, approvals, "replace", _NO_LIMIT, now) as held:
        return held.private


class _Held(NamedTuple):
    """What an opening works with. tokens: of the person, for a question about one."""

    connection: duckdb.DuckDBPyConnection
    private: bytes
    tokens: pl.DataFrame


@contextmanager
def _opened(
    home: Home,
    keyring: Keyring,
    request: Request,
    approvals: Sequence[Approval],
    act: Act,
    limits: Limits,
    now: datetime | None,
) -> Iterator[_Held]:
    """The vault and the opening key, for as long as the context lasts."""
    with home.lock("reidentification"), _open_vault(home, keyring) as vault:
        connection, custodians = vault.connection, appointed(home, keyring)
        try:
            records = read_records(keyring, now)
            records.check_clock()
            _check_ledger(records, openings(connection))
            records.forget_expired(keyring)
            _check_request(keyring, request, act, records, custodians)
            first, second = check_approvals(request, approvals, custodians)
            records.check_rate(limits)
            tokens = _tokens(connection, keyring, request)
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
        yield _Held(connection, joined(custodians, *halves), tokens)


@contextmanager
def _open_vault(home: Home, keyring: Keyring) -> Iterator[Vault]:
    """The vault in force: one that was cut off being written anew is finished first.

    What is noted in a file that is replaced afterwards would be lost.
    """
    resume_rewriting(home, keyring)
    with Vault.open(home, keyring.key("vault")) as vault:
        yield vault


def _tokens(
    connection: duckdb.DuckDBPyConnection, keyring: Keyring, request: Request
) -> pl.DataFrame:
    """Whom it is about, known before anything is spent. Raises VaultError."""
    if request.act != "reidentify":
        return pl.DataFrame()
    return tokens_of(connection, keyring, request.subject, request.source)


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
    is_told = told is not None and told.hash == hash_of(keyring, request)
    if request.act != act or not is_ours or not is_told:
        raise altered()
    if request.request_id in records.opened:
        raise VaultError("request_spent", "that request was opened before", 1)
    request.check_open(records.clock)
    if dict(request.halves) != dict(custodians.halves):
        raise VaultError(
            "other_custodians", "a custodian was replaced since; ask anew", 1
        )
    if request.epoch != source_epoch(keyring, request.source):
        raise VaultError(
            "other_epoch", "that pseudonym is of an epoch that has ended", 1
        )
