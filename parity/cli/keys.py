"""`parity keys`: which keys a home has, and whether they open. Never a key itself."""

from __future__ import annotations

import typer

from parity.cli.options import (
    AsJson,
    HomeOption,
    PassphraseFd,
    PassphraseFile,
    open_home,
)
from parity.cli.screen import say, show_json, show_table

app = typer.Typer(help="The keys of a home.", no_args_is_help=True)

_COLUMNS = ("name", "purpose", "version", "state", "created_at", "changed_at")


@app.command("list")
def list_keys(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Show every key that there is or was: name, purpose, version, state, dates."""
    _, keyring = open_home(home, passphrase_file, passphrase_fd)
    rows = [[getattr(key, name) for name in _COLUMNS] for key in keyring.records()]
    if as_json:
        show_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        show_table([name.replace("_", " ") for name in _COLUMNS], rows)


@app.command("verify")
def verify(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Unwrap every active key against its check value, and check the ledger's chain.

    Compare the ledger's count and tag with those noted before: a ledger whose end was
    cut off holds together too.
    """
    _, keyring = open_home(home, passphrase_file, passphrase_fd)
    names = keyring.names()
    for name in names:
        keyring.key(name)
    head = keyring.ledger().verify()
    if as_json:
        ledger = {"entries": head.count, "tag": head.tag}
        show_json({"keys": names, "ledger": ledger})
    else:
        say(f"{len(names)} keys open; the ledger holds, {head.count} entries")
        say(f"ledger tag {head.tag}")
