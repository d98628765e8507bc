"""`parity ledger`: what was done with keys and people, and whether that is all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.cli.failures import DATA
from parity.cli.options import Asked, at_home
from parity.cli.screen import complain, counted, say, show_json, show_table
from pseudonymisation.errors import LedgerBroken

app = typer.Typer(help="The ledger of a home.", no_args_is_help=True)


@app.command("show")
@at_home
def show(
    asked: Asked,
) -> None:
    """Show every entry: number, time, event, facts. A broken ledger is not shown."""
    _, keyring = asked.open()
    ledger = keyring.ledger()
    ledger.verify()
    entries = list(ledger.entries())
    if asked.as_json:
        show_json(entries)
        return
    rows = []
    for entry in entries:
        facts = entry["facts"]
        told = facts.items() if isinstance(facts, dict) else ()
        words = " ".join(f"{name}={fact}" for name, fact in told)
        if "clock" in entry:
            words = f"{words} (clock: {entry['clock']})".strip()
        rows.append((entry["number"], entry["at"], entry["event"], words))
    show_table(("number", "at", "event", "facts"), rows, numbers=("number",))


@app.command("checkpoint")
@at_home
def checkpoint(
    asked: Asked,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="Where the checkpoint is written."),
    ],
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Even over a file that is there."),
    ] = False,
) -> None:
    """Sign where the ledger ends, in a file to keep where the home is not.

    It holds a count, a tag, the time and a public key: nothing secret, nobody's data.
    """
    from parity.home.checkpoints import make_checkpoint, read_own
    from parity.home.private_files import write_private

    found, keyring = asked.open()
    _check_outside(out, found.root)
    if not overwrite and (out.exists() or out.is_symlink()):
        raise typer.BadParameter(
            f"{out} is there already and may be an earlier checkpoint: name another "
            "file, or give --overwrite"
        )
    text = make_checkpoint(keyring)
    write_private(out.resolve(), text)
    made = read_own(keyring, text)
    if asked.as_json:
        show_json({"file": out, "entries": made.head.count, "tag": made.head.tag})
    else:
        say(f"checkpoint at entry {made.head.count} in {out}")


@app.command("verify")
@at_home
def verify(
    asked: Asked,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", metavar="FILE", help="One kept; may be repeated."),
    ] = None,
) -> None:
    """Check that no entry was changed, taken out, put in, moved or cut off.

    Only a checkpoint shows that the end was cut off. Exit code 1 when the ledger or a
    checkpoint does not hold.
    """
    from parity.home.checkpoints import verify_ledger

    _, keyring = asked.open()
    texts = [_content(path) for path in checkpoints or ()]
    try:
        head = verify_ledger(keyring, texts)
    except LedgerBroken as error:
        if asked.as_json:
            show_json({"holds": False, "code": error.code})
        complain(str(error))
        raise typer.Exit(DATA) from None
    if asked.as_json:
        show_json(
            {
                "holds": True,
                "entries": head.count,
                "tag": head.tag,
                "checkpoints": len(texts),
            }
        )
    else:
        entries = counted(head.count, "entry", "entries")
        passed = counted(len(texts), "checkpoint")
        say(f"the ledger holds: {entries}, {passed} passed")
        if not texts:
            say(
                "without a checkpoint, an end that was cut off since the last change "
                "of a key is not seen"
            )


def _check_outside(out: Path, root: Path) -> None:
    if out.resolve().is_relative_to(root):
        raise typer.BadParameter("a checkpoint is kept outside the home")
    if not out.resolve().parent.is_dir():
        raise typer.BadParameter("the checkpoint's folder does not exist")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise typer.BadParameter("a checkpoint file cannot be read") from None
