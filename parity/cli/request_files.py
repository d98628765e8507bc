"""What the commands about requests and custodians share: options, files, their words.

What belongs here: the options that several of them take, places where a file is to be
written, a person's own key file, and what a request says to whoever decides on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.screen import say, show_json
from parity.home import HomeError

if TYPE_CHECKING:
    from parity.vault.custodian_key import CustodianKey
    from parity.vault.reidentification.approval import Approval
    from parity.vault.reidentification.request import Request

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="What is written.")]
Purpose = Annotated[
    str, typer.Option("--purpose", help="Why, in a line that the custodians read.")
]
LegalBasis = Annotated[
    str, typer.Option("--legal-basis", help="What allows it, in a line.")
]
Hours = Annotated[
    int, typer.Option("--hours", help="For how long it may be opened: 1 to 72.")
]
RequestFile = Annotated[Path, typer.Argument(metavar="REQUEST")]
Approvals = Annotated[list[Path], typer.Argument(metavar="APPROVAL APPROVAL")]


def new_file(path: Path) -> Path:
    """A place where a file can be written, before anything is spent on it."""
    path = path.resolve()
    if path.exists() or not path.parent.is_dir():
        raise HomeError("out", "the file to write exists, or its folder does not")
    return path


def own_key(
    path: Path, passphrase_file: Path | None, passphrase_fd: int | None
) -> CustodianKey:
    """A person's own key file, opened. Raises VaultError, HomeError."""
    from parity.home.passphrase import own_passphrase
    from parity.vault.custodian_key import open_custodian_key

    secret = own_passphrase(
        "your own key file",
        passphrase_file=passphrase_file,
        passphrase_fd=passphrase_fd,
    )
    return open_custodian_key(path, secret)


def approved(request: Path, approvals: list[Path]) -> tuple[Request, list[Approval]]:
    """A request and its approvals, read from their files. Raises VaultError."""
    from parity.vault.reidentification.approval import read_approval
    from parity.vault.reidentification.request import read_request

    return read_request(request), [read_approval(path) for path in approvals]


def write_out(path: Path, request: Request, as_json: bool) -> None:
    """Write a request that was made, and say so."""
    from parity.vault.reidentification.request import write_request

    write_request(path, request)
    if as_json:
        show_json({"file": path, **told(request)})
    else:
        say(f"request {request.request_id}, open until {request.expires_at}: {path}")


def show_request(request: Request) -> None:
    """Show a request to a custodian."""
    for name, value in told(request).items():
        say(f"{name.replace('_', ' '):16}{value}")


def told(request: Request) -> dict[str, object]:
    """What a custodian decides on; whose pseudonym it is helps nobody to decide."""
    is_about_person = request.act == "reidentify"
    return {
        "request_id": request.request_id,
        "act": request.act,
        "about": request.source if is_about_person else request.subject,
        "purpose": request.purpose,
        "legal_basis": request.legal_basis,
        "recipient": request.recipient.name or "a public key",
        "recipient_key": request.recipient.opening_public,
        "expires_at": request.expires_at,
    }
