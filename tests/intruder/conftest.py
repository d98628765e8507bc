"""Fixtures of the intruder tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.home import Home, init


@pytest.fixture
def bare_home(tmp_path: Path, new_home: Home) -> Home:
    """A home without data. Its rooms only: making keys takes longer than a scan."""
    root = tmp_path / "home"
    for folder in new_home.folders:
        (root / folder.relative_to(new_home.root)).mkdir(0o700, parents=True)
    return Home(root=root, kind="synthetic")


@pytest.fixture(scope="module")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)
