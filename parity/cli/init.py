"""`parity init`: make a home."""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.options import AsJson, HomeOption, PassphraseFd, PassphraseFile
from parity.cli.screen import say, show_json
from parity.home import Home, HomeError
from parity.home import init as make_home
from parity.home.key_wrapping import ProviderName
from parity.home.passphrase import passphrase, refuse_passphrase, wrapping_key


def init(
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="A home for made-up people only.")
    ] = False,
    key_provider: Annotated[
        ProviderName,
        typer.Option("--key-provider", help="What the keys are wrapped under."),
    ] = "passphrase",
    home: HomeOption = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    as_json: AsJson = False,
) -> None:
    """Make a home: its folders and its first keys.

    The provider cannot be changed later. With systemd-credential there is no
    passphrase: the 32 bytes come as the credential parity-wrapping-key, every time.
    """
    root = _root(home)
    planned = Home(root, "synthetic" if synthetic else "live")
    if key_provider == "passphrase":
        secret = _new_passphrase(planned, passphrase_file, passphrase_fd)
        made = make_home(root, synthetic=synthetic, passphrase=secret)
    else:
        refuse_passphrase(key_provider, passphrase_file, passphrase_fd)
        made = make_home(root, synthetic=synthetic, wrapping_key=wrapping_key())
    if as_json:
        show_json({"home": made.root, "kind": made.kind})
        return
    say(f"made a {made.kind} home in {made.root}")
    if made.kind == "live":
        say("appoint its three custodians before the first submission:")
        say("parity reidentify custodian, then parity reidentify appoint")


def _root(home: Path | None) -> Path:
    named = os.environ.get("PARITY_HOME")
    if home is None and not named:
        raise HomeError("no_home", "name the new home with --home or PARITY_HOME")
    return (home or Path(named or "")).resolve()


def _new_passphrase(
    home: Home, passphrase_file: Path | None, passphrase_fd: int | None
) -> bytes | None:
    """The passphrase for a new home; none for a synthetic one that makes its own.

    Asked twice, so that a slip at the keyboard does not lock the home for good. A
    descriptor can be read only once; a file says the same twice.
    """
    if home.kind == "synthetic" and passphrase_file is None and passphrase_fd is None:
        return None
    first = passphrase(
        home, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd
    ).reveal()
    if passphrase_fd is not None:
        return first
    again = passphrase(home, passphrase_file=passphrase_file).reveal()
    if not hmac.compare_digest(first, again):
        raise HomeError("passphrase_differs", "the two passphrases are not the same")
    return first
