"""`parity build`: dbt build with its gates."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.options import (
    AsJson,
    HomeOption,
    PassphraseFd,
    PassphraseFile,
    open_data,
)
from parity.cli.screen import remark, say, show_json, working


def build(
    select: Annotated[
        str | None,
        typer.Option(metavar="...", help="What to build, in dbt's selection words."),
    ] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Build the warehouse: models, contracts, tests, then the gate of the classes."""
    from parity.warehouse.build import build as build_warehouse

    found, keyring = open_data(home, passphrase_file, passphrase_fd)
    with working("building the warehouse"):
        build_warehouse(found, keyring, select=select, waiting=remark)
    if as_json:
        show_json({"warehouse": found.warehouse_file})
    else:
        say(f"built {found.warehouse_file}")
