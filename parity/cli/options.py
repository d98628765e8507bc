"""Options that every command shares, written once.

Arguments carry paths and descriptors, never a secret: an argument can be read by every
user of the machine for as long as the process lives.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.home import Home

if TYPE_CHECKING:
    from parity.home.unlock import Keyring

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The home; else PARITY_HOME."),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="A file of mode 0600 that holds the passphrase.",
    ),
]
PassphraseFd = Annotated[
    int | None,
    typer.Option(
        "--passphrase-fd",
        metavar="N",
        help="An open descriptor that the passphrase is read from.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of text.")
]


def open_home(
    home: Path | None, passphrase_file: Path | None, passphrase_fd: int | None
) -> tuple[Home, Keyring]:
    """The home that the options name, with its keyring open. Raises HomeError."""
    from parity.home.unlock import open_keyring

    found = Home.find(home)
    keyring = open_keyring(
        found, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd
    )
    return found, keyring


def parse_month(text: str) -> date:
    """First day of a month written YYYY-MM. A usage error otherwise."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a month
    except ValueError:
        raise typer.BadParameter("a month is written YYYY-MM") from None


def parse_instant(text: str) -> datetime:
    """An instant in ISO 8601 with its offset. A usage error otherwise."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901  without an offset: refused below
    if instant.tzinfo is None:
        raise typer.BadParameter("an instant is written like 2025-05-20T09:30:00+00:00")
    return instant
