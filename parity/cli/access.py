"""`parity access`: who may see what, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.options import AsJson, HomeOption
from parity.cli.screen import say, show_json
from parity.home import Home, HomeError

app = typer.Typer(help="Who may see what.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Who may see what."""


@app.command("explain")
def explain(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="As in the policy.")],
    column: Annotated[
        str, typer.Argument(metavar="COLUMN", help="For example fct_referrals.gender.")
    ],
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a role sees a column, and what in the policy decides it."""
    from parity.access import access_explain, load_policy

    manifest = Home.find(home).dbt_target / "manifest.json"
    if not manifest.exists():
        raise HomeError("not_built", "build the warehouse first: parity build")
    found = access_explain(load_policy(), manifest, role, column)
    if as_json:
        show_json([vars(each) for each in found])
        return
    for each in found:
        say(f"{each.column}: {'yes' if each.is_granted else 'no'}, {each.reason}")
