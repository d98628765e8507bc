"""`parity reidentify`: from one pseudonym to a person, by two custodians together.

No command prints whom a pseudonym names but `read`, which the recipient runs where no
home is. A pseudonym is read from a file or from standard input, never from an argument.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.custodians import appoint, custodian, instate, replace
from parity.cli.failures import DATA
from parity.cli.options import (
    AsJson,
    Asked,
    PassphraseFd,
    PassphraseFile,
    at_home,
)
from parity.cli.request_files import (
    Approvals,
    Hours,
    LegalBasis,
    Out,
    Purpose,
    RequestFile,
    approved,
    new_file,
    own_key,
    show_request,
    told,
    write_out,
)
from parity.cli.screen import complain, say, show_json

app = typer.Typer(
    help="From a pseudonym to a person: two custodians.", no_args_is_help=True
)
for _command in (custodian, appoint, replace, instate):
    app.command(_command.__name__)(_command)

_LONGEST_PSEUDONYM_FILE = 1000


@app.command("request")
@at_home
def request(
    asked: Asked,
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
) -> None:
    """Ask for the person behind one pseudonym. The request goes to two custodians."""
    from parity.vault.reidentification.asking import Terms, ask, read_recipient

    out, to = new_file(out), read_recipient(recipient)
    pseudonym = _pseudonym(pseudonym_file)
    found, keyring = asked.open_data()
    terms = Terms(purpose, legal_basis, hours, purpose_code)
    write_out(out, ask(found, keyring, pseudonym, terms, to, package), asked.as_json)


@app.command("approve")
def approve(
    request: RequestFile,
    custodian: Annotated[
        Path, typer.Option("--custodian", metavar="FILE", help="Your own key file.")
    ],
    out: Out,
    other: Annotated[
        str,
        typer.Option("--other", metavar="NAME", help="The custodian who approves too."),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask: it was read before.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Read what is asked and approve it, as one custodian. Needs no home.

    It counts together with the other's approval, and with no third custodian's.
    """
    from parity.vault.reidentification.approval import approve as say_yes
    from parity.vault.reidentification.approval import write_approval
    from parity.vault.reidentification.request import read_request

    out, asked = new_file(out), read_request(request)
    if not as_json:
        show_request(asked)
    if not yes:
        typer.confirm("Approve this request?", abort=True, err=True)
    key = own_key(custodian, passphrase_file, passphrase_fd)
    approval = say_yes(asked, key, other)
    write_approval(out, approval)
    if as_json:
        show_json({"file": out, "custodian": approval.custodian, **told(asked)})
    else:
        say(f"{approval.custodian} approved it: {out}")


@app.command("open")
@at_home
def open_(
    asked: Asked,
    request: RequestFile,
    approvals: Approvals,
    out: Out,
) -> None:
    """Seal the answer to an approved request to its recipient; once, ledger first."""
    from parity.vault.reidentification.answer import write_answer
    from parity.vault.reidentification.opening import open_request

    out, (wanted, given) = new_file(out), approved(request, approvals)
    found, keyring = asked.open_data()
    write_answer(out, open_request(found, keyring, wanted, given))
    if asked.as_json:
        show_json({"file": out, "request_id": wanted.request_id})
    else:
        say(f"the answer to {wanted.request_id}, for its recipient alone: {out}")


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

    content = read_answer(answer, own_key(key_file, passphrase_file, passphrase_fd))
    if as_json:
        show_json(content)
        return
    for identifier in content["identifiers"]:
        say("; ".join(f"{name} {value}" for name, value in identifier.items()))


@app.command("verify")
@at_home
def verify(
    asked: Asked,
) -> None:
    """Hold the ledger and the vault's own openings together. Exit code 1 if they part.

    An entry without an opening is what a crash leaves: nothing was opened then. Tells
    too of custodians who were replaced while the opening key stayed the same.
    """
    from parity.vault.reidentification.records import check_agreement

    found, keyring = asked.open_data()
    agreement = check_agreement(found, keyring)
    if asked.as_json:
        show_json(asdict(agreement))
    else:
        say(f"{agreement.entries} entries, {agreement.openings} openings")
        for request_id in agreement.broken_off:
            complain(f"{request_id}: entered, nothing opened [broken_off]")
        for request_id in agreement.without_entry:
            complain(f"{request_id}: opened, not in the ledger [without_entry]")
        for name in agreement.not_revoked:
            complain(
                f"{name}: replaced, and what they kept is of use still: "
                "parity keys rotate opening [not_revoked]"
            )
    if agreement.without_entry or agreement.not_revoked:
        raise typer.Exit(DATA)


def _pseudonym(path: Path) -> str:
    from parity.home.private_files import read_private

    if str(path) == "-":
        return sys.stdin.read(_LONGEST_PSEUDONYM_FILE)
    return read_private(path)[:_LONGEST_PSEUDONYM_FILE].decode("utf-8", "replace")
