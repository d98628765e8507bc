"""`parity run`: the whole chain through Dagster, in this process."""

from __future__ import annotations

import typer

from parity.cli.options import AsJson, HomeOption, PassphraseFile
from parity.cli.screen import complain, say, show_json
from parity.home import Home


def run(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Land what waits in the inbox, build, package, publish and document."""
    from orchestration.run import run as run_chain

    found = Home.find(home)
    summary = run_chain(found, passphrase_file, (lambda *_: None) if as_json else tell)
    if as_json:
        show_json(vars(summary))
    for words in summary.told:
        complain(words)
    for name in summary.not_loaded:
        complain(f"not loaded: {name}")
    for name in summary.failed:
        complain(f"failed: {name}")
    raise typer.Exit(summary.exit_code)


def tell(step: str, seconds: float, words: str) -> None:
    """One line a step: its time, its name, what became of it."""
    say(f"{seconds:7.1f} s  {step}" + (f": {words}" if words else ""))
