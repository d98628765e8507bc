"""Fixtures of the tests of erasure: two providers landed, and the same without one.

What belongs here: the scene that the files test_erasure*.py share, made once a session.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import made_home, open_keyring, submit_file
from erased import Filled, by_number
from opted_out import Sent, synthetic_sent

from parity.home import Home


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return synthetic_sent(tmp_path_factory.mktemp("sent") / "raw", providers=2)


@pytest.fixture(scope="session")
def landed(both: Sent, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    home = made_home(
        tmp_path_factory.mktemp("made") / "home", both.folder / "reference"
    )
    keyring = open_keyring(home)
    for path in (*both.months(1, 2, 3), *both.elsewhere()):
        assert submit_file(home, keyring, path).state == "accepted"
    return Filled(home, keyring)


@pytest.fixture
def filled(landed: Filled, tmp_path: Path) -> Filled:
    home = Home.find(shutil.copytree(landed.home.root, tmp_path / "home"))
    return Filled(home, open_keyring(home))


@pytest.fixture(scope="session")
def after(
    landed: Filled, both: Sent, tmp_path_factory: pytest.TempPathFactory
) -> Filled:
    """The same home once the one was erased: to look at, not to change."""
    root = tmp_path_factory.mktemp("after") / "home"
    home = Home.find(shutil.copytree(landed.home.root, root))
    erased = Filled(home, open_keyring(home))
    assert erased.erased(by_number(both.one))[1:] == (3, True)
    return erased


@pytest.fixture
def gone(after: Filled, tmp_path: Path) -> Filled:
    """A copy of it, to change."""
    home = Home.find(shutil.copytree(after.home.root, tmp_path / "home"))
    return Filled(home, open_keyring(home))
