"""`parity synthesise`: plausible submissions of nobody."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from parity.cli.options import AsJson, parse_month
from parity.cli.screen import counted, say, show_json

_MONTH = "YYYY-MM"

# Text, not dates: typer parses defaults as it parses what is typed.
_FIRST_MONTH: Any = "2024-04"
_LAST_MONTH: Any = "2025-03"

_ONE = {"people": "person"}


class DataSet(StrEnum):
    """Versions of the data set that can be synthesised."""

    V2_1 = "2.1"


class Defects(StrEnum):
    """How much is wrong with the submissions, on purpose."""

    NONE = "none"
    LOW = "low"
    HIGH = "high"


def synthesise(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")],
    data_set: Annotated[DataSet, typer.Option("--data-set")] = DataSet.V2_1,  # noqa: ARG001  one version so far
    providers: Annotated[int, typer.Option(min=1)] = 3,
    first: Annotated[
        date, typer.Option("--from", parser=parse_month, metavar=_MONTH)
    ] = _FIRST_MONTH,
    last: Annotated[
        date, typer.Option("--to", parser=parse_month, metavar=_MONTH)
    ] = _LAST_MONTH,
    referrals_per_month: Annotated[
        int, typer.Option(min=1, help="Referrals a provider receives in a month.")
    ] = 200,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Write refresh files too.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    defects: Annotated[Defects, typer.Option()] = Defects.NONE,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write what is true by construction."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write plausible submissions of made-up people, and the reference data they need.

    Organisations, practices and postcodes are in the folder `reference`. Every NHS
    number is of the 999 range, which is never issued.
    """
    from parity.synthetic import synthesise as write

    if last < first:
        raise typer.BadParameter("--to is before --from")
    summary = write(
        out,
        providers=providers,
        first=first,
        last=last,
        referrals_per_month=referrals_per_month,
        refresh=refresh,
        seed=seed,
        defects=defects.value,
        truth=truth,
    )
    if as_json:
        show_json({"out": out, **vars(summary)})
    else:
        counts = ", ".join(
            counted(n, _ONE.get(name, name.removesuffix("s")), name)
            for name, n in vars(summary).items()
        )
        say(f"wrote {counts}, in {out}")
