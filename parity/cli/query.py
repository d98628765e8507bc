"""`parity query`: ask a package something, in a locked session of its own process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.options import (
    Asked,
    at_home,
)
from parity.home import Home


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


@at_home
def query(
    asked: Asked,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT statement.")],
    role: Annotated[
        str | None, typer.Option("--as", metavar="ROLE", help="The role to read as.")
    ] = None,
    package: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, help="A package of this home."),
    ] = None,
    form: Annotated[Format, typer.Option("--format")] = Format.TABLE,
) -> None:
    """Run one statement that reads; rows go to standard output as they come.

    The session can reach nothing but the package. --json is short for --format json.
    """
    from parity.access import query as ask

    if (role is None) == (package is None):
        raise typer.BadParameter("give either --as ROLE or --package FILE")
    with _package_keys(asked) as found:
        chosen = Format.JSON if asked.as_json else form
        code = ask(found, package or str(role), sql, chosen.value)
    raise typer.Exit(code)


@contextmanager
def _package_keys(asked: Asked) -> Iterator[Home]:
    """The home; where a passphrase was named, with its package keys served to us.

    Without one the key comes from whoever serves this home, or by the unattended ways.
    """
    if asked.passphrase_file is None and asked.passphrase_fd is None:
        yield Home.find(asked.home)
        return
    from parity.home.unlock import serving

    found, keyring = asked.open()
    names = [name for name in keyring.names() if name.startswith("package:")]
    with serving(found, keyring, names) as settings:
        before = dict(os.environ)
        os.environ.update(settings)
        try:
            yield found
        finally:
            os.environ.clear()
            os.environ.update(before)
