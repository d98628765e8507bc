"""`parity erase`: one person goes from everything the home holds of them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.options import (
    Asked,
    at_home,
)
from parity.cli.screen import say, show_json

if TYPE_CHECKING:
    from parity.vault.erasure.erase import Erasure


class Why(StrEnum):
    """Why somebody is erased: the word that the ledger gets."""

    REQUEST = "request"
    ORDER = "order"
    MISTAKE = "mistake"


@at_home
def erase(
    asked: Asked,
    person_file: Annotated[
        Path,
        typer.Option(
            "--person-file",
            metavar="FILE",
            help="A file of mode 0600 that names the person; - is standard input.",
        ),
    ],
    reason: Annotated[
        Why,
        typer.Option("--reason", help="Asked for, ordered, or sent by mistake."),
    ] = Why.REQUEST,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would go.")
    ] = False,
    keep_out: Annotated[
        bool,
        typer.Option(
            "--keep-out",
            help="Have somebody who is not known here refused from now on.",
        ),
    ] = False,
) -> None:
    """Erase a person: landed rows, vault, and every sealed submission that names them.

    The file holds nhs_number = "...", or provider, local_identifier and birth_date.
    Of later submissions their rows do not land, but the sealed copy is of the whole
    file: erase them again to end it. Warehouse and packages go, and come anew with the
    next run; published tables stay. Somebody who is not known here changes nothing:
    exit code 1.
    """
    from parity.home.private_files import read_private
    from parity.vault.erasure.erase import erase as erase_person

    found, keyring = asked.open_data()
    named = str(person_file)
    content = sys.stdin.buffer.read() if named == "-" else read_private(person_file)
    done = erase_person(found, keyring, content, reason.value, dry_run, keep_out)
    if asked.as_json:
        show_json(vars(done))
    else:
        _say(done)


def _say(done: Erasure) -> None:
    word = "erased" if done.done else "would go"
    say(f"{word}: {done.landed_rows:,} landed rows, {done.copies:,} sealed submissions")
    if done.unread:
        say(f"{done.unread:,} sealed copies cannot be looked through by anybody")
    if not done.done:
        return
    if done.is_known or done.landed_rows:
        say("warehouse and packages are gone: parity run. Published tables stay.")
    say(
        "later submissions land without them, but are sealed whole: a copy that names "
        "them lasts until its month ends, or until they are erased again"
    )
