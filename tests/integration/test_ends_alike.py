"""`parity run` says why a step failed, with the code and words of `parity build`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from opted_out import required

from parity.cli.main import main
from parity.home import Home, init
from parity.home.private_files import write_private


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return init(tmp_path / "home", synthetic=True)


def ended(home: Home, command: str, capsys: pytest.CaptureFixture[str]) -> int:
    """The exit code; what was said stays with capsys."""
    capsys.readouterr()
    return main([command, "--home", str(home.root)])


def nothing_landed(home: Home) -> None:
    """A home as it was made."""


def nobody_was_asked(home: Home) -> None:
    """The national check is required, and no answer was ever loaded."""
    required(home)
    write_private(home.landed_file, b"any bytes: nothing reads them before the gate")


def damaged(home: Home) -> None:
    """dbt itself fails: what it should read does not open."""
    write_private(home.landed_file, b"no database")


@pytest.mark.parametrize(
    ("spoil", "code", "word"),
    [
        (nothing_landed, 2, "[nothing_landed]"),
        (nobody_was_asked, 1, "[opt_out_missing]"),
        (damaged, 3, "[dbt_failed]"),
    ],
)
def test_run_and_build_tell_the_same(
    home: Home,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Home], None],
    code: int,
    word: str,
) -> None:
    spoil(home)
    for command in ("build", "run"):
        assert ended(home, command, capsys) == code
        assert word in capsys.readouterr().err
