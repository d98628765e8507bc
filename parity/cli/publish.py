"""`parity publish`: what leaves, through disclosure control."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.options import Asked, at_home, parse_month
from parity.cli.screen import remark, say, show_json


class Profile(StrEnum):
    """Disclosure profiles that a publication may be made under."""

    NHS_PUBLICATION = "nhs_publication"


class Edition(StrEnum):
    """Which submissions a publication reads."""

    PRIMARY = "primary"
    FINAL = "final"


@at_home
def publish(
    asked: Asked,
    month: Annotated[date, typer.Option(parser=parse_month, metavar="YYYY-MM")],
    profile: Annotated[Profile, typer.Option()] = Profile.NHS_PUBLICATION,
    edition: Annotated[Edition, typer.Option()] = Edition.PRIMARY,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to; else the home's own folder."),
    ] = None,
) -> None:
    """Publish a month: measure file, equality tables, signed list of the files."""
    from parity.publication import publish_month

    found, keyring = asked.open_data()
    made = publish_month(
        found,
        keyring,
        month,
        edition=edition.value,
        profile_name=profile.value,
        out=out,
        waiting=remark,
    )
    if asked.as_json:
        show_json({"folder": made.folder, "files": made.files})
    else:
        for path in (*made.files.values(), made.manifest):
            say(str(path))
