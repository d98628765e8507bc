"""The demonstration removes an earlier demo home, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.cli import demo
from parity.home import HomeError, init


def test_an_earlier_demo_home_is_removed(tmp_path: Path) -> None:
    root = init(tmp_path / "home", synthetic=True).root
    demo._remove_former(root)
    assert not root.exists()


def test_where_there_is_nothing_nothing_is_removed(tmp_path: Path) -> None:
    demo._remove_former(tmp_path / "home")


def test_a_live_home_stays(tmp_path: Path) -> None:
    root = init(tmp_path / "home", synthetic=False, passphrase=b"twelve or more").root
    with pytest.raises(HomeError, match="not_a_demo"):
        demo._remove_former(root)
    assert (root / "home.json").exists()


def test_a_folder_that_is_no_home_stays(tmp_path: Path) -> None:
    (tmp_path / "somebodys.txt").touch()
    with pytest.raises(HomeError, match="not_a_demo"):
        demo._remove_former(tmp_path)
    assert (tmp_path / "somebodys.txt").exists()
