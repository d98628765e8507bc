"""A home's settings: defaults that withhold, and nothing unknown is passed over."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from parity.home import Home, HomeError, init
from parity.home.private_files import write_private
from parity.home.settings import (
    default_settings,
    read_settings,
    settings_file,
    written_settings,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, "live")


def said(home: Home, text: str) -> None:
    write_private(settings_file(home), text.encode())


@pytest.mark.parametrize("kind", ["live", "synthetic"])
def test_the_written_file_says_the_defaults(tmp_path: Path, kind: str) -> None:
    """What init writes reads as what holds without a file."""
    home = Home(tmp_path, "live" if kind == "live" else "synthetic")
    without = read_settings(home)
    write_private(settings_file(home), written_settings(home.kind))
    assert read_settings(home) == without == default_settings(home.kind)


def test_a_live_home_asks_and_a_synthetic_one_says_why_not() -> None:
    live, synthetic = default_settings("live"), default_settings("synthetic")
    assert (live.opt_out.gate, live.opt_out.fresh_days) == ("required", 7)
    assert (synthetic.opt_out.gate, synthetic.opt_out.reason) == (
        "exempt",
        "made-up people",
    )
    assert live.kept("sealed submissions").how == "crypto-shred"
    assert live.kept("ledger").keep_months is None


def test_init_writes_the_file_for_its_owner_alone(tmp_path: Path) -> None:
    home = init(tmp_path / "home", synthetic=True)
    assert stat.S_IMODE(settings_file(home).stat().st_mode) == 0o600
    assert read_settings(home) == default_settings("synthetic")


def test_what_is_said_is_read_and_the_rest_stays(home: Home) -> None:
    said(
        home,
        '[opt_out]\nfresh_days = 3\nwithout_number = "remove"\n'
        '[[retention]]\nwhat = "answers"\nkeep_months = 6\n',
    )
    found = read_settings(home)
    assert (found.opt_out.gate, found.opt_out.fresh_days) == ("required", 3)
    assert found.opt_out.without_number == "remove"
    assert found.kept("answers").keep_months == 6
    assert found.kept("dbt logs") == default_settings("live").kept("dbt logs")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[opt_out]\ngate = "off"', "opt_out.gate"),
        ("[opt_out]\ngate = false", "opt_out.gate"),
        ('[opt_out]\ngate = "exempt"', "opt_out.reason"),
        ('[opt_out]\ngate = "exempt"\nreason = " "', "opt_out.reason"),
        ("[opt_out]\ngates = 1", "gates"),
        ("[opt_out]\nfresh_days = 0", "opt_out.fresh_days"),
        ("[opt_out]\nfresh_days = 400", "opt_out.fresh_days"),
        ("[opt_out]\nfresh_days = true", "opt_out.fresh_days"),
        ("[opt_out]\nwithout_number = 'land'", "opt_out.without_number"),
        ("opt_out = 1", "opt_out"),
        ("[optout]\n", "optout"),
        ("retention = 1", "retention"),
        ("retention = [1]", "retention"),
        ("[[retention]]\nkeep_months = 1", "retention.what"),
        ("[[retention]]\nwhat = 'people'\nkeep_months = 1", "retention.what"),
        ("[[retention]]\nwhat = 'answers'\nkeep_months = -1", "answers"),
        ("[[retention]]\nwhat = 'answers'\nkeep_months = 1.5", "answers"),
        ("[[retention]]\nwhat = 'answers'\nzone = 'vault'", "answers: zone"),
        ("[[retention]]\nwhat = 'ledger'\nkeep_months = 1", "ledger"),
        ("[[retention]]\nwhat = 'spill'\nhow = 'keep'", "spill: how"),
        ("[[retention]]\nwhat = 'quarantine'\nkeep_months = 1", "quarantine"),
        ("[[retention]]\nwhat = 'spill'\n[[retention]]\nwhat = 'spill'", "twice"),
    ],
)
def test_what_is_unknown_is_refused_by_its_name(
    home: Home, text: str, named: str
) -> None:
    said(home, text)
    with pytest.raises(HomeError, match="settings") as caught:
        read_settings(home)
    assert named in caught.value.message


def test_what_is_no_toml_is_refused_without_being_quoted(home: Home) -> None:
    said(home, "gate: 9990000018")
    with pytest.raises(HomeError, match="no TOML") as caught:
        read_settings(home)
    assert "9990000018" not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(home: Home) -> None:
    said(home, "")
    settings_file(home).chmod(0o644)
    with pytest.raises(HomeError, match="mode"):
        read_settings(home)
