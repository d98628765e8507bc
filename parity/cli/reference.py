"""`parity reference`: the organisations, practices and postcodes of a home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.cli.options import AsJson, HomeOption
from parity.cli.screen import say, show_json
from parity.home import Home, HomeError
from parity.home.private_files import write_private

app = typer.Typer(help="Reference data of a home.", no_args_is_help=True)


@app.command("load")
def load(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Holds organisations.csv, practices.csv and postcodes.csv; "
            "successions.csv where providers succeeded others.",
        ),
    ],
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Check reference files and copy them into the home; what was there is replaced.

    Later submissions are checked against them; rows that are landed stay as they are.
    """
    counts = load_reference(Home.find(home), folder)
    if as_json:
        show_json(counts)
    else:
        say("loaded " + ", ".join(f"{n} {name}" for name, n in counts.items()))


def load_reference(home: Home, folder: Path) -> dict[str, int]:
    """Check the files of a folder, copy them, and return how many rows each has."""
    from parity.home.reference import SUCCESSIONS, Reference

    reference = Reference.load(folder)
    if reference.missing:
        raise HomeError("reference_missing", "; ".join(reference.missing))
    names = ["organisations", "practices", "postcodes"]
    if (folder / f"{SUCCESSIONS}.csv").exists():
        names.append(SUCCESSIONS)
    for name in names:
        file = f"{name}.csv"
        write_private(home.reference / file, (folder / file).read_bytes())
    return {name: getattr(reference, name).height for name in names}
