"""What custodians are asked: one document, of which every byte is signed by the home.

What belongs here: its fields, its canonical bytes, reading and writing it, and what any
such document must say. It holds a pseudonym, so the file is its owner's alone and
nothing outside the vault names it by a digest without a key.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from parity.home.private_files import read_private, write_private
from parity.vault.custodian_key import is_signed
from parity.vault.custodians import HalfName
from parity.vault.errors import VaultError
from pseudonymisation.encoding import encode

Act = Literal["reidentify", "replace"]

LONGEST_HOURS = 72
# How far two clocks may part: a custodian's and the home's, the home's and its ledger.
TOLERANCE = timedelta(minutes=5)
WAREHOUSE = "warehouse"
KEY_OF_REQUEST = "reidentify:"
WORD = re.compile(r"[a-z][a-z0-9_-]{0,39}")

_FORMAT = "parity-request-1"
_LONGEST_TEXT = 500

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEY = re.compile(r"[0-9a-f]{64}")
_SOURCE = re.compile(r"warehouse|custodians|package:[a-z][a-z_]{0,39}")


@dataclass(frozen=True)
class Recipient:
    """Whom the answer is sealed to; for a replacement, the card of who comes.

    opening_public: 64 hex digits. The last two are blank for a bare public key.
    """

    name: str
    opening_public: str
    signing_public: str = ""
    signature: str = ""


@dataclass(frozen=True)
class Request:
    """One question to the custodians.

    subject: a pseudonym, or the name of the custodian who leaves. source: what the
    pseudonym stands in (`warehouse`, `package:<role>`) and its epoch. Instants are ISO
    8601 with their offset; keys 64 hex digits. one_time_public: what approvals seal
    their halves to. halves: the custodians' own sealed halves, so that they can approve
    where no home is. signature: the home's, 128 hex digits.
    """

    request_id: str
    act: Act
    subject: str = field(repr=False)
    source: str
    epoch: int
    purpose_code: str
    purpose: str
    legal_basis: str
    recipient: Recipient
    created_at: str
    expires_at: str
    one_time_public: str
    opening_public: str
    request_public: str
    halves: Mapping[HalfName, bytes] = field(repr=False)
    signature: str = ""

    @property
    def key_name(self) -> str:
        """Name of its one-time key in the home's keyring."""
        return f"{KEY_OF_REQUEST}{self.request_id}"

    def canonical(self) -> bytes:
        """All that is signed: every field but the signature, in order."""
        parts: list[str | bytes] = []
        for each in fields(self):
            if each.name not in ("recipient", "halves", "signature"):
                parts += [each.name, str(getattr(self, each.name))]
        parts += ["recipient", *astuple(self.recipient)]
        for name, box in sorted(self.halves.items()):
            parts += ["half", *name, box]
        return encode("reidentification-request", _FORMAT, *parts)

    def check_signature(self) -> None:
        """Raise VaultError unless the key that it names signed all of it."""
        if not is_signed(self.request_public, self.signature, self.canonical()):
            raise altered()

    def check_open(self, now: datetime) -> None:
        """Raise VaultError when it has expired, or was made by a clock that is ahead.

        Its longest life is held by its form; so whoever looks, a custodian on a machine
        of their own too, believes it for no longer than that by their own clock.
        """
        if datetime.fromisoformat(self.created_at) > now + TOLERANCE:
            raise VaultError(
                "request_ahead", "the request is dated ahead: look at the clocks", 1
            )
        if now >= datetime.fromisoformat(self.expires_at):
            raise VaultError("request_expired", "the request has expired; ask anew", 1)


def altered() -> VaultError:
    """The error of a request that is not as the home made it."""
    return VaultError("request_altered", "this is no request as the home made it", 1)


def checked_text(what: str, text: str) -> str:
    """A purpose or legal basis for people to read. Raises VaultError: <what>_blank."""
    stripped = text.strip()
    has_letter = any(character.isalnum() for character in stripped)
    if not has_letter or not stripped.isprintable() or len(stripped) > _LONGEST_TEXT:
        raise VaultError(
            f"{what}_blank",
            f"give one line of plain text, up to {_LONGEST_TEXT} characters",
            2,
        )
    return stripped


def checked_pseudonym(text: str) -> str:
    """The one pseudonym of a text. Raises VaultError: one_pseudonym."""
    found = text.strip().lower()
    if not _UUID.fullmatch(found):
        raise VaultError("one_pseudonym", "one pseudonym is asked for at a time", 2)
    return found


def write_request(path: Path, request: Request) -> None:
    """Write a request (mode 0600)."""
    content = asdict(request)
    content["halves"] = boxes_as_json(request.halves)
    document = {"format": _FORMAT} | content
    write_private(path, json.dumps(document, indent=1).encode() + b"\n")


def read_request(path: Path) -> Request:
    """Read a request and check its form and signature. Raises VaultError."""
    written = read_private(path)
    try:
        content = json.loads(written)
        if content.pop("format") != _FORMAT:
            raise altered()
        content["halves"] = boxes_from_json(content["halves"])
        content["recipient"] = Recipient(**content["recipient"])
        request = Request(**content)
        _check_form(request)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise altered() from None
    request.check_signature()
    return request


def boxes_as_json(boxes: Mapping[HalfName, bytes]) -> list[dict[str, Any]]:
    """Sealed halves as they stand in a document."""
    return [
        {"pair": [first, second], "of": of, "box": b64encode(box).decode()}
        for (first, second, of), box in sorted(boxes.items())
    ]


def boxes_from_json(written: list[dict[str, Any]]) -> dict[HalfName, bytes]:
    """The same read back. Raises ValueError, KeyError or TypeError."""
    boxes: dict[HalfName, bytes] = {}
    for each in written:
        (first, second), of = each["pair"], each["of"]
        name = (str(first), str(second), str(of))
        if name in boxes or of not in (first, second):
            raise ValueError("halves")
        boxes[name] = b64decode(each["box"], validate=True)
    if boxes_as_json(boxes) != written:
        raise ValueError("halves")  # one document has one form
    return boxes


def _check_form(request: Request) -> None:
    """Raise VaultError, TypeError or ValueError for what no home writes."""
    for each in fields(request):
        kinds = {"epoch": int, "recipient": Recipient, "halves": dict}
        if type(getattr(request, each.name)) is not kinds.get(each.name, str):
            raise TypeError(each.name)
    subject = _UUID if request.act == "reidentify" else WORD
    keys = (request.one_time_public, request.opening_public, request.request_public)
    forms = [
        (_UUID, request.request_id),
        (subject, request.subject),
        (_SOURCE, request.source),
        (WORD, request.purpose_code),
        *((_KEY, key) for key in (*keys, request.recipient.opening_public)),
    ]
    if request.act not in get_args(Act):
        raise ValueError("act")
    if not all(form.fullmatch(text) for form, text in forms):
        raise ValueError("form")
    checked_text("purpose", request.purpose)
    checked_text("legal_basis", request.legal_basis)
    created = datetime.fromisoformat(request.created_at)
    lasts = datetime.fromisoformat(request.expires_at) - created
    if created.tzinfo is None or not timedelta() < lasts <= _longest():
        raise ValueError("dates")


def _longest() -> timedelta:
    return timedelta(hours=LONGEST_HOURS)
