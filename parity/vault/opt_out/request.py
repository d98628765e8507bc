"""A request to the national check: everybody's NHS number, in files for Z0 eyes only.

What belongs here: writing the question and remembering of whom it asks. A new request
takes the place of one that is still out; an answer to the former is foreign then.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from parity.home import Home
from parity.home.errors import HomeError, OptOutError
from parity.home.keyring import Keyring
from parity.home.private_files import make_folder
from parity.rewriting import resume_rewriting
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.opt_out.exchange import new_request, write_request
from parity.vault.opt_out.numbers import catch_up, opened_numbers
from parity.vault.store import Vault


@dataclass(frozen=True)
class Request:
    """A request as it was written. numbers: how many people it asks about."""

    request: str
    numbers: int
    data: Path
    control: Path


def make_request(home: Home, keyring: Keyring, out: Path) -> Request:
    """Write a request into a folder (0700). Raises OptOutError, HomeError."""
    return _make_request(home, keyring, out, datetime.now(UTC))


def _make_request(home: Home, keyring: Keyring, out: Path, now: datetime) -> Request:
    _check_place(home, out)
    with home.lock("opt-out request"):
        resume_rewriting(home, keyring)
        with Vault.open(home, keyring.key("vault")) as vault:
            catch_up(home, keyring, vault.connection)
            keys = IdentifierKeys.of(keyring)
            numbers = opened_numbers(vault.connection, keyring, keys)
            if numbers.is_empty():
                raise OptOutError("opt_out_nobody", "nobody has landed to ask about")
            request = new_request(f"{now:%Y%m%d}", secrets.token_hex(6))
            keyring.ledger().append(
                "opt_out_requested", request=request, numbers=numbers.height
            )
            _note_asked(vault, request, now, numbers.select("token").to_arrow())
        files = write_request(make_folder(out), request, numbers["number"])
    return Request(request, numbers.height, *files)


def _note_asked(vault: Vault, request: str, now: datetime, tokens: object) -> None:
    connection = vault.connection
    connection.register("incoming", tokens)
    connection.begin()
    connection.execute("delete from vault.asked")
    connection.execute(
        "insert into vault.asked select ?, ?, token from incoming",
        [request, now.astimezone(UTC).replace(tzinfo=None)],
    )
    connection.commit()
    connection.unregister("incoming")


def _check_place(home: Home, out: Path) -> None:
    """Inside a home, NHS numbers in clear lie in the landing zone and nowhere else."""
    place, landing = out.resolve(), home.landing_inbox.parent.resolve()
    in_home = place.is_relative_to(home.root.resolve())
    in_inbox = place.is_relative_to(home.landing_inbox.resolve())
    if in_home and (in_inbox or not place.is_relative_to(landing)):
        raise HomeError(
            "opt_out_place", "a request lies outside the home, or in its landing zone"
        )
