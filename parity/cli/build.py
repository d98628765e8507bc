"""`parity build`: dbt build with its gates."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.options import Asked, at_home
from parity.cli.screen import remark, say, show_json, working


@at_home
def build(
    asked: Asked,
    select: Annotated[
        str | None,
        typer.Option(metavar="...", help="What to build, in dbt's selection words."),
    ] = None,
) -> None:
    """Build the warehouse: models, contracts, tests, then the gate of the classes."""
    from parity.warehouse.build import build as build_warehouse

    found, keyring = asked.open_data()
    with working("building the warehouse"):
        build_warehouse(found, keyring, select=select, waiting=remark)
    if asked.as_json:
        show_json({"warehouse": found.warehouse_file})
    else:
        say(f"built {found.warehouse_file}")
