"""Options that every command shares, written once.

Arguments carry paths and descriptors, never a secret: an argument can be read by every
user of the machine for as long as the process lives.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, cast

import typer

from parity.cli.screen import complain, remark
from parity.home import Home

if TYPE_CHECKING:
    from parity.home.unlock import Keyring

P = ParamSpec("P")

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The home; else PARITY_HOME."),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="A file of mode 0600 that holds the passphrase.",
    ),
]
PassphraseFd = Annotated[
    int | None,
    typer.Option(
        "--passphrase-fd",
        metavar="N",
        help="An open descriptor that the passphrase is read from.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of text.")
]


@dataclass(frozen=True)
class Asked:
    """What the options name that every command of a home has."""

    home: Path | None
    passphrase_file: Path | None
    passphrase_fd: int | None
    as_json: bool

    def open_quietly(self) -> tuple[Home, Keyring]:
        """The home with its keyring open, for who looks at the keyring itself."""
        from parity.home.unlock import open_keyring

        found = Home.find(self.home)
        return found, open_keyring(
            found,
            passphrase_file=self.passphrase_file,
            passphrase_fd=self.passphrase_fd,
        )

    def open(self) -> tuple[Home, Keyring]:
        """The same; what is seen of keyring and ledger at once is told, each time.

        On standard error, terminal or not: a keyring that was put back, or a ledger
        that does not hold at its end. Raises HomeError.
        """
        from parity.home.keyring_check import seen_at_opening

        found, keyring = self.open_quietly()
        if seen := seen_at_opening(keyring):
            complain(seen.in_words())
        return found, keyring

    def open_data(self) -> tuple[Home, Keyring]:
        """The same for who opens the home's files: what was cut off ends first.

        What became of it is told. Raises RewritingError when it cannot be ended.
        """
        from parity.rewriting import is_unfinished, resume_rewriting

        found, keyring = self.open()
        if is_unfinished(found):
            ended = resume_rewriting(found, keyring, remark)
            if ended:
                complain(ended.in_words())
        return found, keyring


def _of_a_home(
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> Asked:
    """The options, and what they name; the defaults are those of the command line."""
    return Asked(home, passphrase_file, passphrase_fd, as_json)


def at_home(command: Callable[Concatenate[Asked, P], None]) -> Callable[..., None]:
    """Give a command the options of a home; its first parameter gets what they name."""
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    shared = inspect.signature(_of_a_home, eval_str=True).parameters

    @wraps(command)
    def run(**given: Any) -> None:
        asked = _of_a_home(**{name: given.pop(name) for name in shared})
        cast("Callable[..., None]", command)(asked, **given)

    parameters = [*own, *shared.values()]
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def parse_month(text: str) -> date:
    """First day of a month written YYYY-MM. A usage error otherwise."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a month
    except ValueError:
        raise typer.BadParameter("a month is written YYYY-MM") from None


def parse_instant(text: str) -> datetime:
    """An instant in ISO 8601 with its offset. A usage error otherwise."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901  without an offset: refused below
    if instant.tzinfo is None:
        raise typer.BadParameter("an instant is written like 2025-05-20T09:30:00+00:00")
    return instant
