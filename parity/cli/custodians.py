"""`parity reidentify custodian|appoint|replace|instate`: who the custodians are."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    write_out,
)
from parity.cli.screen import remark, say, show_json
from parity.home import HomeError

if TYPE_CHECKING:
    from parity.home.secret import SecretBytes

_SHORTEST_PASSPHRASE = 12


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

    out = new_file(out)
    card_file = new_file(out.with_name(f"{out.name}.card"))
    secret = _new_passphrase(passphrase_file, passphrase_fd)
    card = make_custodian_key(out, name, secret)
    write_card(card_file, card)
    if as_json:
        show_json({"file": out, "card": card_file, **asdict(card)})
    else:
        say(f"{name}: keep {out} to yourself, hand over {card_file}")
        say(f"signing key {card.signing_public}")


@at_home
def appoint(
    asked: Asked,
    cards: Annotated[list[Path], typer.Argument(metavar="CARD CARD CARD")],
) -> None:
    """Appoint a home's three custodians, once, before its first submission.

    Read the signing keys out to the custodians: a card may have been exchanged.
    """
    from parity.vault.custodian_key import read_card
    from parity.vault.custodians import appoint as appoint_three

    read = [read_card(path) for path in cards]
    found, keyring = asked.open()
    custodians = appoint_three(found, keyring, read)
    if asked.as_json:
        show_json({"custodians": [asdict(card) for card in custodians.cards]})
    else:
        for card in custodians.cards:
            say(f"{card.name}: signing key {card.signing_public}")


@at_home
def replace(
    asked: Asked,
    former: Annotated[str, typer.Argument(metavar="OLD", help="Who leaves.")],
    card: Annotated[Path, typer.Argument(metavar="NEWCARD", help="Who comes.")],
    out: Out,
    purpose: Purpose = "a custodian is replaced",
    legal_basis: LegalBasis = "the controller's own arrangements",
    hours: Hours = 24,
) -> None:
    """Ask for a custodian to be replaced; two approve it, `instate` does it."""
    from parity.vault.custodian_key import read_card
    from parity.vault.reidentification.asking import Terms, ask_replacement

    out, new = new_file(out), read_card(card)
    found, keyring = asked.open_data()
    terms = Terms(purpose, legal_basis, hours)
    write_out(out, ask_replacement(found, keyring, former, new, terms), asked.as_json)


@at_home
def instate(
    asked: Asked,
    request: RequestFile,
    approvals: Approvals,
) -> None:
    """Put a new custodian in the place of a former one, as two approved.

    The opening key is made anew and the vault sealed to it: what the former one kept is
    of no use. Whole or not at all; one that was cut off is ended by the next command.
    """
    from parity.rewriting import Telling
    from parity.rotation.opening_key import instate as put_in_place

    wanted, given = approved(request, approvals)
    found, keyring = asked.open_data()
    telling = Telling(waiting=remark)
    custodians = put_in_place(found, keyring, wanted, given, telling=telling)
    names = [card.name for card in custodians.cards]
    if asked.as_json:
        show_json({"custodians": names})
    else:
        say(f"custodians are {', '.join(names)}; the opening key is new")


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
