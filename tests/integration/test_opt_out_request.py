"""The question to the national check: whose numbers, and where the files may lie."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from conftest import open_keyring, submit_file
from opted_out import MPI, Asked, Sent, required, rows

from parity.cli.main import main
from parity.home import Home, HomeError
from parity.home.errors import OptOutError
from parity.home.private_files import make_folder
from parity.vault.opt_out import request


def test_a_request_is_a_file_of_numbers_for_its_owner_alone(
    asked: Asked, sent: Sent
) -> None:
    """Everybody with a number who landed, once; rows as the national check has them."""
    numbers = {
        row["NHSNumber"]
        for month in sent.months(1, 2)
        for row in rows(month, MPI)
        if row["NHSNumber"]
    }
    text = asked.request.data.read_text()
    assert text == "".join(f"{number},\n" for number in sorted(numbers))
    for file in (asked.request.data, asked.request.control):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["published", "landing/inbox", "operations/out"])
def test_a_request_lies_in_no_other_room_of_the_home(asked: Asked, place: str) -> None:
    with pytest.raises(HomeError, match="opt_out_place"):
        request.make_request(asked.home, asked.keyring, asked.home.root / place)


def test_a_request_may_lie_in_the_landing_zone(asked: Asked) -> None:
    made = request.make_request(
        asked.home, asked.keyring, asked.home.root / "landing" / "opt-out"
    )
    assert made.numbers == len(asked.numbers())


def test_a_folder_that_others_may_read_is_refused(asked: Asked, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "open")
    folder.chmod(0o755)
    with pytest.raises(HomeError, match="mode"):
        request.make_request(asked.home, asked.keyring, folder)


def test_nobody_landed_is_nobody_to_ask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert main(["init", "--synthetic", "--home", str(home)]) == 0
    empty = Home.find(home)
    with pytest.raises(OptOutError, match="opt_out_nobody"):
        request.make_request(empty, open_keyring(empty), tmp_path / "out")


def test_people_who_landed_while_the_home_was_exempt_are_asked_about_too(
    sent: Sent, made: Asked, tmp_path: Path
) -> None:
    """Their numbers come from the sealed submissions that are still kept."""
    home = shutil.copytree(made.home.root, tmp_path / "home")
    found_home = Home.find(home)
    keyring = open_keyring(found_home)
    (found_home.root / "settings.toml").unlink()
    submit_file(found_home, keyring, sent.months(3)[0])
    required(found_home)
    again = request.make_request(found_home, keyring, tmp_path / "out")
    numbers = {row["NHSNumber"] for row in rows(sent.months(3)[0], MPI)} - {""}
    assert numbers <= set(again.data.read_text().replace(",", "").split())
    assert again.numbers > made.request.numbers
