"""`parity keys rotate`: a key renewed, with everything that hangs on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from parity.cli.options import Asked, at_home
from parity.cli.screen import progress, remark, say, show_json

if TYPE_CHECKING:
    from parity.home import Home
    from parity.home.unlock import Keyring
    from parity.rewriting import Telling
    from parity.vault.custodian_key import CustodianKey

_OF_A_ROLE = re.compile(r"(package|project):([a-z][a-z_]*)")
_SIGNING = ("publisher", "checkpoint")
_BY_CUSTODIANS = ("root", "opening")
# Those that take the warehouse and the packages with them.
_BUILD_AGAIN_AFTER = ("epoch", "root")


@at_home
def rotate(
    asked: Asked,
    name: Annotated[
        str,
        typer.Argument(
            help="epoch, root, opening, landed, vault, warehouse, package:ROLE, "
            "project:ROLE, publisher or checkpoint."
        ),
    ] = "",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="End one that was cut off; says which way it went."
        ),
    ] = False,
    custodian: Annotated[
        list[Path] | None,
        typer.Option("--custodian", metavar="FILE", help="Root, opening; give two."),
    ] = None,
    custodian_passphrase_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--custodian-passphrase-file",
            metavar="FILE",
            help="In the custodians' order; asked for at the terminal without.",
        ),
    ] = None,
) -> None:
    """Renew a key with all that hangs on it, whole or not at all; destroy the former.

    A file is written anew. An epoch gives every pseudonym anew, without any submission.
    The root does so too, with tokens; opening seals every identifier to a new opening
    key. Both take two custodians; a synthetic home finds its own. After epoch and root
    the warehouse and the packages are gone and must be built again: parity build,
    parity package build.

    One that was cut off is also ended by the next command that opens the home's files.
    """
    if bool(name) == resume:
        raise typer.BadParameter("name a key, or give --resume")
    if custodian and name not in _BY_CUSTODIANS:
        raise typer.BadParameter("custodians are for root and opening")
    from parity.rewriting import BUILD_AGAIN

    found, keyring = asked.open()
    if resume:
        _resume(found, keyring, asked.as_json)
        return
    given = (custodian or [], custodian_passphrase_file or [])
    with _telling() as telling:
        counts = _rotated(found, keyring, name, telling, given)
    # No home holds the opening key; the file's key is what the keyring knows of it.
    held = "vault" if name == "opening" else name
    version = keyring.version(held)
    notice = BUILD_AGAIN if name in _BUILD_AGAIN_AFTER else None
    if asked.as_json:
        show_json(
            {"name": name, "version": version, "counts": counts, "notice": notice}
        )
        return
    former = "laid down" if name in _SIGNING else "destroyed"
    say(f"{held} {version} is in force; the former key is {former}")
    for what, count in counts.items():
        say(f"{what.replace('_', ' ')}: {count:,}")
    if notice:
        say(notice)


def _rotated(
    home: Home,
    keyring: Keyring,
    name: str,
    telling: Telling,
    custodians: tuple[list[Path], list[Path]],
) -> Mapping[str, int]:
    from parity.rewriting import FileName
    from parity.rotation.epoch import rotate_epoch
    from parity.rotation.files import renew_package, rotate_file
    from parity.rotation.opening_key import rotate_opening_key
    from parity.rotation.root import rotate_root

    for file in get_args(FileName):
        if name == file:
            return rotate_file(home, keyring, file, telling)
    if name == "epoch":
        return rotate_epoch(home, keyring, telling=telling)
    if name in _BY_CUSTODIANS:
        one, other = _custodians(home, keyring, *custodians)
        act = rotate_root if name == "root" else rotate_opening_key
        return act(home, keyring, one, other, telling)
    if found := _OF_A_ROLE.fullmatch(name):
        epoch, role = found[1] == "project", found[2]
        return renew_package(home, keyring, role, new_epoch=epoch, telling=telling)
    if name in _SIGNING:
        # What it signed is still checked with its former versions.
        keyring.rotate(name)
        return {}
    raise typer.BadParameter("no key of that name is rotated by hand")


def _custodians(
    home: Home, keyring: Keyring, files: list[Path], passphrases: list[Path]
) -> tuple[CustodianKey, CustodianKey]:
    from parity.home.passphrase import own_passphrase
    from parity.vault.custodian_key import open_custodian_key
    from parity.vault.custodians import two_made_up

    if not files and home.kind == "synthetic":
        return two_made_up(home, keyring)
    if len(files) != 2 or len(passphrases) not in (0, 2):
        raise typer.BadParameter("this takes two custodians: --custodian twice")
    beside: list[Path | None] = [*passphrases] or [None, None]
    one, other = (
        open_custodian_key(file, own_passphrase(file.name, passphrase_file=secret))
        for file, secret in zip(files, beside, strict=True)
    )
    return one, other


def _resume(home: Home, keyring: Keyring, as_json: bool) -> None:
    from parity.rewriting import BUILD_AGAIN, resume_rewriting

    ended = resume_rewriting(home, keyring, remark)
    if as_json:
        show_json(
            {
                "was_unfinished": ended is not None,
                "reason": ended and ended.reason,
                "ended": ended and ended.how,
                "notice": BUILD_AGAIN if ended and ended.derived_went else None,
            }
        )
    else:
        say(ended.in_words() if ended else "nothing was unfinished")


@contextmanager
def _telling() -> Iterator[Telling]:
    """A bar at a terminal, a table a step; nothing elsewhere."""
    from parity.rewriting import Telling

    with progress() as bar:
        task = bar.add_task("preparing", total=None, words="")

        def step(words: str, done: int, total: int) -> None:
            bar.update(task, description=words, completed=done, total=total or None)

        yield Telling(waiting=remark, step=step)
