"""`parity reidentify`: from one pseudonym to a person, by two custodians together.

No command prints whom a pseudonym names but `read`, which the recipient runs where no
home is. A pseudonym is read from a file or from standard input, never from an argument.
"""

from __future__ import annotations

import hmac
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.failures import DATA
from parity.cli.options import (
    AsJson,
    HomeOption,
    PassphraseFd,
    PassphraseFile,
    open_home,
)
from parity.cli.screen import complain, say, show_json
from parity.home import HomeError

if TYPE_CHECKING:
    from parity.home.secret import SecretBytes
    from parity.vault.custodian_key import CustodianKey
    from parity.vault.reidentification.request import Request

app = typer.Typer(
    help="From a pseudonym to a person: two custodians.", no_args_is_help=True
)

_SHORTEST_PASSPHRASE = 12
_LONGEST_PSEUDONYM_FILE = 1000

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


@app.command("custodian")
def custodian(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A word: a-z, 0-9, -.")],
    out: Out,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Make a custodian's (or a recipient's) own key file, and FILE.card to hand over.

    Keep the file and its passphrase where no home is.
    """
    from parity.vault.custodian_key import make_custodian_key, write_card

    out = _new(out)
    card_file = _new(out.with_name(f"{out.name}.card"))
    secret = _new_passphrase(passphrase_file, passphrase_fd)
    card = make_custodian_key(out, name, secret)
    write_card(card_file, card)
    if as_json:
        show_json({"file": out, "card": card_file, **asdict(card)})
    else:
        say(f"{name}: keep {out} to yourself, hand over {card_file}")
        say(f"signing key {card.signing_public}")


@app.command("appoint")
def appoint(
    cards: Annotated[list[Path], typer.Argument(metavar="CARD CARD CARD")],
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Appoint a home's three custodians, once, before its first submission.

    Read the signing keys out to the custodians: a card may have been exchanged.
    """
    from parity.vault.custodian_key import read_card
    from parity.vault.custodians import appoint as appoint_three

    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    custodians = appoint_three(found, keyring, [read_card(path) for path in cards])
    if as_json:
        show_json({"custodians": [asdict(card) for card in custodians.cards]})
    else:
        for card in custodians.cards:
            say(f"{card.name}: signing key {card.signing_public}")


@app.command("request")
def request(
    pseudonym_file: Annotated[
        Path,
        typer.Option(
            "--pseudonym-file",
            allow_dash=True,
            metavar="FILE",
            help="A file of mode 0600 with one pseudonym; - is standard input.",
        ),
    ],
    purpose: Purpose,
    legal_basis: LegalBasis,
    recipient: Annotated[
        Path,
        typer.Option(
            "--recipient", metavar="FILE", help="A card, or an X25519 key in hex."
        ),
    ],
    out: Out,
    hours: Hours = 24,
    package: Annotated[
        str | None,
        typer.Option("--package", metavar="ROLE", help="The package it stands in."),
    ] = None,
    purpose_code: Annotated[
        str, typer.Option("--purpose-code", help="A word of it, for the ledger.")
    ] = "other",
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Ask for the person behind one pseudonym. The request goes to two custodians."""
    from parity.vault.reidentification.asking import ask, read_recipient
    from parity.vault.reidentification.request import write_request

    out = _new(out)
    pseudonym = _pseudonym(pseudonym_file)
    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    made = ask(
        found,
        keyring,
        pseudonym,
        purpose=purpose,
        legal_basis=legal_basis,
        recipient=read_recipient(recipient),
        hours=hours,
        role=package,
        purpose_code=purpose_code,
    )
    write_request(out, made)
    _tell_request(out, made, as_json)


@app.command("replace")
def replace(
    former: Annotated[str, typer.Argument(metavar="OLD", help="Who leaves.")],
    card: Annotated[Path, typer.Argument(metavar="NEWCARD", help="Who comes.")],
    out: Out,
    purpose: Purpose = "a custodian is replaced",
    legal_basis: LegalBasis = "the controller's own arrangements",
    hours: Hours = 24,
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a custodian to be replaced; two approve it, `instate` does it."""
    from parity.vault.custodian_key import read_card
    from parity.vault.reidentification.asking import ask_replacement
    from parity.vault.reidentification.request import write_request

    out = _new(out)
    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    made = ask_replacement(
        found,
        keyring,
        former,
        read_card(card),
        purpose=purpose,
        legal_basis=legal_basis,
        hours=hours,
    )
    write_request(out, made)
    _tell_request(out, made, as_json)


@app.command("approve")
def approve(
    request: RequestFile,
    custodian: Annotated[
        Path, typer.Option("--custodian", metavar="FILE", help="Your own key file.")
    ],
    out: Out,
    other: Annotated[
        str | None,
        typer.Option("--other", metavar="NAME", help="The other, when it is known."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask: it was read before.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Read what is asked and approve it, as one custodian. Needs no home."""
    from parity.vault.reidentification.approval import approve as say_yes
    from parity.vault.reidentification.approval import write_approval
    from parity.vault.reidentification.request import read_request

    out, asked = _new(out), read_request(request)
    if not as_json:
        _show_request(asked)
    if not yes:
        typer.confirm("Approve this request?", abort=True, err=True)
    key = _own_key(custodian, passphrase_file, passphrase_fd)
    approval = say_yes(asked, key, other)
    write_approval(out, approval)
    if as_json:
        show_json({"file": out, "custodian": approval.custodian, **_told(asked)})
    else:
        say(f"{approval.custodian} approved it: {out}")


@app.command("open")
def open_(
    request: RequestFile,
    approvals: Approvals,
    out: Out,
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Seal the answer to an approved request to its recipient; once, ledger first."""
    from parity.vault.reidentification.answer import write_answer
    from parity.vault.reidentification.approval import read_approval
    from parity.vault.reidentification.opening import open_request
    from parity.vault.reidentification.request import read_request

    out, asked = _new(out), read_request(request)
    given = [read_approval(path) for path in approvals]
    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    write_answer(out, open_request(found, keyring, asked, given))
    if as_json:
        show_json({"file": out, "request_id": asked.request_id})
    else:
        say(f"the answer to {asked.request_id}, for its recipient alone: {out}")


@app.command("instate")
def instate(
    request: RequestFile,
    approvals: Approvals,
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Put a new custodian in the place of a former one, as two approved."""
    from parity.vault.reidentification.approval import read_approval
    from parity.vault.reidentification.opening import open_replacement
    from parity.vault.reidentification.request import read_request

    asked = read_request(request)
    given = [read_approval(path) for path in approvals]
    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    custodians = open_replacement(found, keyring, asked, given)
    names = [card.name for card in custodians.cards]
    if as_json:
        show_json({"custodians": names})
    else:
        say(f"custodians are {', '.join(names)}")


@app.command("read")
def read(
    answer: Annotated[Path, typer.Argument(metavar="ANSWER")],
    key_file: Annotated[
        Path,
        typer.Option("--key-file", metavar="FILE", help="The recipient's key file."),
    ],
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Read an answer as its recipient: the one place where a person is named."""
    from parity.vault.reidentification.answer import read_answer

    content = read_answer(answer, _own_key(key_file, passphrase_file, passphrase_fd))
    if as_json:
        show_json(content)
        return
    for identifier in content["identifiers"]:
        say("; ".join(f"{name} {value}" for name, value in identifier.items()))


@app.command("verify")
def verify(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Hold the ledger and the vault's own openings together. Exit code 1 if they part.

    An entry without an opening is what a crash leaves: nothing was opened then.
    """
    from parity.vault.reidentification.records import check_agreement

    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    agreement = check_agreement(found, keyring)
    if as_json:
        show_json(asdict(agreement))
    else:
        say(f"{agreement.entries} entries, {agreement.openings} openings")
        for request_id in agreement.broken_off:
            complain(f"{request_id}: entered, nothing opened [broken_off]")
        for request_id in agreement.without_entry:
            complain(f"{request_id}: opened, not in the ledger [without_entry]")
    if agreement.without_entry:
        raise typer.Exit(DATA)


def _tell_request(path: Path, request: Request, as_json: bool) -> None:
    if as_json:
        show_json({"file": path, **_told(request)})
    else:
        say(f"request {request.request_id}, open until {request.expires_at}: {path}")


def _show_request(request: Request) -> None:
    for name, value in _told(request).items():
        say(f"{name.replace('_', ' '):16}{value}")


def _told(request: Request) -> dict[str, object]:
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


def _pseudonym(path: Path) -> str:
    from parity.home.private_files import read_private

    if str(path) == "-":
        return sys.stdin.read(_LONGEST_PSEUDONYM_FILE)
    return read_private(path)[:_LONGEST_PSEUDONYM_FILE].decode("utf-8", "replace")


def _new(path: Path) -> Path:
    """A place where a file can be written, before anything is spent on it."""
    path = path.resolve()
    if path.exists() or not path.parent.is_dir():
        raise HomeError("out", "the file to write exists, or its folder does not")
    return path


def _own_key(
    path: Path, passphrase_file: Path | None, passphrase_fd: int | None
) -> CustodianKey:
    from parity.home.passphrase import own_passphrase
    from parity.vault.custodian_key import open_custodian_key

    secret = own_passphrase(
        "your own key file",
        passphrase_file=passphrase_file,
        passphrase_fd=passphrase_fd,
    )
    return open_custodian_key(path, secret)


def _new_passphrase(
    passphrase_file: Path | None, passphrase_fd: int | None
) -> SecretBytes:
    """A passphrase for a new file; asked twice at a terminal."""
    from parity.home.passphrase import own_passphrase

    of = "your own key file"
    secret = own_passphrase(
        of, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd
    )
    if passphrase_file is None and passphrase_fd is None:
        again = own_passphrase(of)
        if not hmac.compare_digest(secret.reveal(), again.reveal()):
            raise HomeError(
                "passphrase_differs", "the two passphrases are not the same"
            )
    if len(secret.reveal()) < _SHORTEST_PASSPHRASE:
        raise HomeError(
            "passphrase_short",
            f"a passphrase has at least {_SHORTEST_PASSPHRASE} characters",
        )
    return secret
