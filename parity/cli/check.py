"""`parity check`: questions about a home that end in yes or in exit code 1."""

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

app = typer.Typer(help="Checks of a home.", no_args_is_help=True)


@app.command("classes")
def classes(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Whether every column of the warehouse has exactly one class."""
    from parity.access.classification import check_home_classes

    check_home_classes(*open_home(home, passphrase_file, passphrase_fd))
    if as_json:
        show_json({"classes": "complete"})
    else:
        say("every column has its class")


@app.command("digest")
def digest(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """The content digest of every table, landed and built.

    Order-free, over decoded rows. Equal digests mean equal content, in one home before
    and after: two homes have keys of their own, and so pseudonyms and digests.
    """
    from parity.warehouse.connections import reading
    from parity.warehouse.digest import table_digests
    from pseudonymisation.derivation import derive

    found, keyring = open_home(home, passphrase_file, passphrase_fd)
    files = {"landed": found.landed_file, "warehouse": found.warehouse_file}
    names = [name for name, file in files.items() if file.exists()]
    key = derive(keyring.key("root"), "content-digest")
    with reading(found, **{name: keyring.key(name) for name in names}) as connection:
        digests = {
            f"{name}.{table}": value
            for name in names
            for table, value in table_digests(connection, name, key).items()
        }
    if as_json:
        show_json(digests)
    else:
        show_table(("table", "digest"), digests.items())
