"""`parity check`: questions about a home that end in yes or in exit code 1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.failures import DATA
from parity.cli.options import Asked, at_home
from parity.cli.screen import counted, say, show_json, show_table

if TYPE_CHECKING:
    from parity.vault.scan.report import ScanReport

app = typer.Typer(help="Checks of a home.", no_args_is_help=True)


@app.command("identifiers")
@at_home
def identifiers(
    asked: Asked,
    raw: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Submissions to take identifiers from; else the sealed copies.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="How many values of a field are looked for.")
    ] = 200,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="A folder or git work tree beside the home; may be given again.",
        ),
    ] = None,
    process: Annotated[
        list[int] | None,
        typer.Option(
            metavar="PID",
            help="A process to look through, its memory and children too.",
        ),
    ] = None,
) -> None:
    """Whether an identifier stands anywhere outside the landing zone and the vault.

    Looks for submitted values in every file and every column of every database of the
    home, plain and encoded, and for the keys of the home. Exit code 1 when one is found
    or a place cannot be read.
    """
    from parity.vault.identifier_scan import run_check_identifiers

    found, keyring = asked.open_data()
    report = run_check_identifiers(
        found,
        keyring,
        raw=raw,
        limit_per_field=limit,
        also=also or (),
        processes=process or (),
    )
    if asked.as_json:
        show_json(report.as_dict())
    else:
        _show_scan(report)
    if not report.is_clean:
        raise typer.Exit(DATA)


def _show_scan(report: ScanReport) -> None:
    """What was looked for and through, and each finding without its value."""
    coverage = report.coverage
    say(
        f"looked for {counted(sum(c.looked_for for c in report.chosen), 'value')} of "
        f"{counted(report.submissions, 'submission')} ({report.unread} unread) and "
        f"{counted(coverage.keys, 'key')} in {counted(coverage.files, 'file')}, "
        f"{counted(coverage.columns, 'column')} and "
        f"{counted(coverage.processes, 'process', 'processes')}"
    )
    if report.findings:
        columns = ("place", "location", "encoding", "kind", "count")
        show_table(columns, [tuple(vars(f).values()) for f in report.findings])
    elif report.is_clean:
        say("found nothing")
    else:
        say("nothing was looked for: there is no submission to take values from")


@app.command("classes")
@at_home
def classes(
    asked: Asked,
) -> None:
    """Whether every column of the warehouse has exactly one class."""
    from parity.access.classification import check_home_classes

    check_home_classes(*asked.open_data())
    if asked.as_json:
        show_json({"classes": "complete"})
    else:
        say("every column has its class")


@app.command("digest")
@at_home
def digest(
    asked: Asked,
) -> None:
    """The content digest of every table, landed and built.

    Order-free, over decoded rows. Equal digests mean equal content, in one home before
    and after: two homes have keys of their own, and so pseudonyms and digests.
    """
    from parity.warehouse.connections import reading
    from parity.warehouse.digest import table_digests
    from pseudonymisation.derivation import derive

    found, keyring = asked.open_data()
    files = {"landed": found.landed_file, "warehouse": found.warehouse_file}
    names = [name for name, file in files.items() if file.exists()]
    key = derive(keyring.key_to_read("root"), "content-digest")
    file_keys = {name: keyring.key_to_read(name) for name in names}
    with reading(found, **file_keys) as connection:
        digests = {
            f"{name}.{table}": value
            for name in names
            for table, value in table_digests(connection, name, key).items()
        }
    if asked.as_json:
        show_json(digests)
    else:
        show_table(("table", "digest"), digests.items())
