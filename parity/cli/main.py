"""The program: every subcommand put together, and the exit code of the process."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from parity.cli import (
    access,
    build,
    check,
    docs,
    erase,
    init,
    keys,
    ledger,
    opt_out,
    package,
    publish,
    query,
    reference,
    reidentify,
    retain,
    run_chain,
    submissions,
    submit,
    synthesise,
    unlock,
)
from parity.cli.failures import report

app = typer.Typer(
    name="parity",
    help="A pseudonymised research data warehouse for NHS Talking Therapies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("init")(init.init)
app.command("unlock")(unlock.unlock)
app.command("synthesise")(synthesise.synthesise)
app.add_typer(reference.app, name="reference")
app.command("submit")(submit.submit)
app.command("submissions")(submissions.submissions)
app.command("build")(build.build)
app.command("run")(run_chain.run)
app.command("query")(query.query)
app.command("publish")(publish.publish)
app.command("retain")(retain.retain)
app.command("erase")(erase.erase)
app.add_typer(opt_out.app, name="opt-out")
app.add_typer(package.app, name="package")
app.add_typer(access.app, name="access")
app.add_typer(keys.app, name="keys")
app.add_typer(ledger.app, name="ledger")
app.add_typer(reidentify.app, name="reidentify")
app.add_typer(check.app, name="check")
app.add_typer(docs.app, name="docs")


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0, 1, 2, 3, or 130 on Ctrl-C."""
    command = typer.main.get_command(app)
    try:
        command(list(arguments), prog_name="parity")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception as error:  # noqa: BLE001  the last door: no value may pass it
        return report(error)
    return 0


def run() -> None:
    """Entry point of the program `parity`."""
    sys.exit(main(sys.argv[1:]))
