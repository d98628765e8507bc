"""One custodian's yes to one request.

What belongs here: giving it, away from any home, with the custodian's own file; and
checking two of them against the request and the custodians in force. An approval hands
over one half of the opening key, that of this custodian in the pair with the other whom
it names, sealed to the request's one-time key and bound to all of the request, and is
signed over the request and that box. The half says nothing until the other's is beside
it, and it fits no third custodian's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from parity.home.private_files import read_private, write_private
from parity.vault.custodian_key import Card, CustodianKey, is_signed
from parity.vault.custodians import (
    Custodians,
    HalfName,
    half_context,
    not_a_custodian,
)
from parity.vault.errors import VaultError
from parity.vault.reidentification.request import (
    Request,
    boxes_as_json,
    boxes_from_json,
)
from pseudonymisation.encoding import encode
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.sealed_box import open_box, seal_to

_FORMAT = "parity-approval-1"


@dataclass(frozen=True)
class Approval:
    """A custodian's approval. boxes: the half, sealed to the request's one-time key."""

    request_id: str
    custodian: str
    signing_public: str
    boxes: Mapping[HalfName, bytes] = field(repr=False)
    signature: str = ""

    def signed_bytes(self, request: Request) -> bytes:
        """What the custodian signs: all of the request, and what is handed over."""
        parts: list[str | bytes] = [self.custodian, self.signing_public]
        for name, box in sorted(self.boxes.items()):
            parts += [*name, box]
        return encode("reidentification-approval", request.canonical(), *parts)


def approve(
    request: Request,
    custodian: CustodianKey,
    other: str,
    now: datetime | None = None,
) -> Approval:
    """A custodian's approval of a request that they have read.

    other: name of the custodian who approves it too. Raises VaultError:
    request_altered, request_ahead, request_expired, not_a_custodian, own_recipient.
    """
    request.check_signature()
    request.check_open(now or datetime.now(UTC))
    own = custodian.card.name
    wanted = [
        name
        for name in request.halves
        if name[2] == own and other != own and other in name[:2]
    ]
    if not wanted:
        raise not_a_custodian()
    _check_not_for(request, custodian.card)
    boxes = {name: _handed_over(request, custodian, name) for name in wanted}
    bare = Approval(request.request_id, own, custodian.card.signing_public, boxes)
    signature = custodian.sign(bare.signed_bytes(request)).hex()
    return Approval(bare.request_id, own, bare.signing_public, boxes, signature)


def check_approvals(
    request: Request, approvals: Sequence[Approval], custodians: Custodians
) -> tuple[Approval, Approval]:
    """The two approvals, in order of the custodians' names, when both count.

    Raises VaultError: two_approvals, other_request, not_a_custodian, approval_altered,
    own_recipient, one_custodian, other_pair.
    """
    if len(approvals) != 2:
        raise VaultError("two_approvals", "two approvals are needed", 1)
    for approval in approvals:
        _check_one(request, approval, custodians)
    first, second = sorted(approvals, key=lambda each: each.custodian)
    if first.signing_public == second.signing_public:
        raise VaultError("one_custodian", "both approvals are one custodian's", 1)
    if not all(name in of.boxes for name, of in _names(first, second)):
        raise VaultError("other_pair", "an approval was meant for another pair", 1)
    return first, second


def halves_of(
    request: Request, first: Approval, second: Approval, one_time: bytes
) -> tuple[bytes, bytes]:
    """The two halves that approvals brought. one_time: the request's private key."""
    one, other = (
        open_box(one_time, of.boxes[name], _context(request, name))
        for name, of in _names(first, second)
    )
    return one, other


def write_approval(path: Path, approval: Approval) -> None:
    """Write an approval (mode 0600)."""
    document = {
        "format": _FORMAT,
        "request_id": approval.request_id,
        "custodian": approval.custodian,
        "signing_public": approval.signing_public,
        "boxes": boxes_as_json(approval.boxes),
        "signature": approval.signature,
    }
    write_private(path, json.dumps(document, indent=1).encode() + b"\n")


def read_approval(path: Path) -> Approval:
    """Read an approval; `check_approvals` says what it is worth. Raises VaultError."""
    written = read_private(path)
    try:
        content = json.loads(written)
        if content.pop("format") != _FORMAT:
            raise _altered()
        content["boxes"] = boxes_from_json(content["boxes"])
        approval = Approval(**content)
        encode("", *(v for v in vars(approval).values() if v is not approval.boxes))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _altered() from None
    return approval


def _check_one(request: Request, approval: Approval, custodians: Custodians) -> None:
    if approval.request_id != request.request_id:
        raise VaultError("other_request", "an approval is of another request", 1)
    cards = {card.signing_public: card for card in custodians.cards}
    card = cards.get(approval.signing_public)
    if card is None or card.name != approval.custodian:
        raise not_a_custodian()
    signed = approval.signed_bytes(request)
    if not is_signed(card.signing_public, approval.signature, signed):
        raise _altered()
    _check_not_for(request, card)


def _check_not_for(request: Request, card: Card) -> None:
    """Nobody approves an answer to themselves."""
    is_own = request.recipient.opening_public == card.opening_public
    if request.act == "reidentify" and is_own:
        raise VaultError("own_recipient", "a custodian approves no answer to self", 1)


def _handed_over(request: Request, custodian: CustodianKey, name: HalfName) -> bytes:
    """The half for a pair, out of the custodian's box and into the request's."""
    opening, asking = request.opening_public, request.request_public
    context = half_context(name, bytes.fromhex(opening), bytes.fromhex(asking))
    try:
        half = custodian.open(request.halves[name], context)
    except EnvelopeRefused:
        # Another custodian of that name, or a request that this half's home never made.
        raise not_a_custodian() from None
    one_time = bytes.fromhex(request.one_time_public)
    return seal_to(one_time, half, _context(request, name))


def _context(request: Request, name: HalfName) -> bytes:
    return encode("reidentification-half", request.canonical(), *name)


def _names(first: Approval, second: Approval) -> list[tuple[HalfName, Approval]]:
    pair = (first.custodian, second.custodian)
    return [((*pair, each.custodian), each) for each in (first, second)]


def _altered() -> VaultError:
    return VaultError("approval_altered", "this is no approval as it was given", 1)
