"""`parity package`: the encrypted file of a role."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.options import AsJson, Asked, HomeOption, at_home
from parity.cli.screen import say, show_json, show_table
from parity.home import Home

app = typer.Typer(help="Encrypted packages of roles.", no_args_is_help=True)

RoleName = Annotated[str, typer.Argument(metavar="ROLE", help="As in the policy.")]


@app.command("build")
@at_home
def build(
    asked: Asked,
    role: RoleName,
) -> None:
    """Make the package of a role from the warehouse as it is, and put it in force."""
    from parity.access import build_package

    made = build_package(*asked.open_data(), role)
    if asked.as_json:
        show_json({"role": made.role, "file": made.file})
    else:
        say(str(made.file))


@app.command("list")
def list_packages(home: HomeOption = None, as_json: AsJson = False) -> None:
    """Show the roles that have a package in force, and its file."""
    found = _in_force(Home.find(home))
    if as_json:
        show_json([{"role": role, "file": file} for role, file in found])
    else:
        show_table(("role", "file"), found)


@app.command("verify")
@at_home
def verify(
    asked: Asked,
    role: RoleName,
) -> None:
    """Check the package in force: signature, bytes, columns, the policy of today."""
    from parity.access import verify_package

    verify_package(*asked.open_data(), role)
    if asked.as_json:
        show_json({"role": role, "verified": True})
    else:
        say(f"the package of {role} is the one that was built")


def _in_force(home: Home) -> list[tuple[str, str]]:
    from parity.access import AccessError, current_package, load_policy

    found = []
    for role in load_policy().roles:
        try:
            found.append((role, str(current_package(home, role).file)))
        except AccessError as error:
            if error.code != "no_package":
                raise
    return found
