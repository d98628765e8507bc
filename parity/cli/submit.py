"""`parity submit`: validate, answer, pseudonymise and load submissions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.failures import DATA
from parity.cli.options import Asked, at_home, parse_instant
from parity.cli.screen import counted, progress, remark, say, show_json
from parity.home import Home

if TYPE_CHECKING:
    from parity.home.unlock import Keyring
    from parity.intake.submit import Receipt


_SEALED_WHOLE = "they stand in the sealed copy until its month ends"


@at_home
def submit(
    asked: Asked,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Access files or CSV folders, named "
            "<provider>_<YYYY-MM>_<primary|refresh>.",
        ),
    ],
    received_at: Annotated[
        datetime | None,
        typer.Option(
            parser=parse_instant,
            metavar="WHEN",
            help="When it came (synthetic homes only).",
        ),
    ] = None,
) -> None:
    """Take submissions in, one after the other.

    One that is rejected or cannot be read changes nothing and holds no other up; the
    exit code is 1 then, and its answer says why. What has no name of a submission is
    told by its position among the paths: its name is the sender's and may say anything.
    """
    for position, path in enumerate(paths, start=1):
        if not path.exists() and not path.is_symlink():
            raise typer.BadParameter(f"path {position} does not exist")
    found, keyring = asked.open_data()
    receipts = _take_in(found, keyring, paths, received_at)
    if asked.as_json:
        show_json([vars(receipt) for receipt in receipts])
    else:
        for receipt in receipts:
            say(_words(receipt))
    if any(r.state not in {"accepted", "replayed"} for r in receipts):
        raise typer.Exit(DATA)


def _take_in(
    home: Home, keyring: Keyring, paths: list[Path], received_at: datetime | None
) -> list[Receipt]:
    receipts = []
    with progress() as bar:
        task = bar.add_task("submissions", total=len(paths), words="")
        for position, path in enumerate(paths, start=1):
            place = f"path {position}"
            receipts.append(_one(home, keyring, path, place, received_at))
            rows = sum(receipt.rows_received for receipt in receipts)
            bar.update(task, advance=1, words=f"{rows:,} rows")
    return receipts


def _one(
    home: Home, keyring: Keyring, path: Path, place: str, received_at: datetime | None
) -> Receipt:
    from parity.intake.errors import IntakeError
    from parity.intake.inbox import slot_or_reason
    from parity.intake.submit import Receipt
    from parity.intake.submit import submit as take_in

    try:
        return take_in(home, path, keyring, received_at, waiting=remark)
    except IntakeError as error:
        slot = slot_or_reason(path)
        name = place if isinstance(slot, str) else slot.name
        return Receipt(name=name, state="refused", reason=str(error))


def _words(receipt: Receipt) -> str:
    """What became of a submission, in a line, and where its answer is."""
    words = [f"{receipt.name}: {receipt.state}"]
    if receipt.rows_received:
        words.append(f"{counted(receipt.rows_received, 'row')} received")
        kept = receipt.rows_kept - receipt.rows_kept_out
        words.append(f"{kept:,} kept, {counted(receipt.failures, 'finding')}")
    if receipt.rows_kept_out:
        out = f"{receipt.rows_kept_out:,} of people who are kept out did not land"
        words.append(out if receipt.state == "replayed" else f"{out}; {_SEALED_WHOLE}")
    if receipt.rows_returned:
        words.append(f"{receipt.rows_returned:,} of people who may be used again")
    if receipt.reason:
        words.append(receipt.reason)
    if receipt.answer:
        words.append(f"answer: {receipt.answer}")
    return "; ".join(words)
