"""The answer: one person's identifiers, sealed to the recipient.

What belongs here: sealing and reading it. Its length says nothing of how much is known:
it is filled up to whole blocks.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from parity.home.private_files import read_private, write_private
from parity.vault.custodian_key import CustodianKey
from parity.vault.errors import VaultError
from parity.vault.reidentification.request import Request
from pseudonymisation.encoding import encode
from pseudonymisation.errors import CodedError
from pseudonymisation.sealed_box import seal_to

_FORMAT = "parity-answer-1"
_BLOCK = 4096


def sealed_answer(request: Request, identifiers: list[dict[str, str]]) -> bytes:
    """The answer's document, which only the request's recipient opens."""
    content = {
        "request_id": request.request_id,
        "pseudonym": request.subject,
        "identifiers": identifiers,
    }
    plain = json.dumps(content).encode()
    plain = plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK)
    recipient = bytes.fromhex(request.recipient.opening_public)
    box = seal_to(recipient, plain, _context(request.request_id))
    document = {
        "format": _FORMAT,
        "request_id": request.request_id,
        "box": b64encode(box).decode(),
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def write_answer(path: Path, answer: bytes) -> None:
    """Write an answer (mode 0600)."""
    write_private(path, answer)


def read_answer(path: Path, recipient: CustodianKey) -> dict[str, Any]:
    """An answer for its recipient: request_id, pseudonym, identifiers.

    Raises VaultError: answer_refused.
    """
    written = read_private(path)
    try:
        document = json.loads(written)
        if document["format"] != _FORMAT:
            raise ValueError("format")  # noqa: TRY301  one refusal for all
        context = _context(document["request_id"])
        plain = recipient.open(b64decode(document["box"], validate=True), context)
        content: dict[str, Any] = json.loads(plain)
    except (ValueError, KeyError, TypeError, CodedError):
        raise VaultError(
            "answer_refused", "this is no answer to the holder of this key", 1
        ) from None
    return content


def _context(request_id: str) -> bytes:
    return encode("reidentification-answer", request_id)
