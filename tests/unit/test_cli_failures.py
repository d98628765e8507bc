"""What the command line says and returns when something goes wrong."""

from __future__ import annotations

import pytest
import typer

from parity.access.errors import AccessError
from parity.cli import failures, main, options
from parity.home import HomeError
from parity.intake.errors import IntakeError

PLANTED = "999 000 0018"


class Planted(Exception):
    """Stands for any library's error, whose words may quote a record."""

    __module__ = "somebody.elses"


def raised(error: Exception) -> Exception:
    """The error with a traceback, as the last door sees it."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(IntakeError("PARITY-NAME", "words"), 1, id="data"),
        pytest.param(HomeError("reference_value", "words"), 1, id="reference data"),
        pytest.param(HomeError("no_home", "words"), 2, id="usage"),
        pytest.param(AccessError("role", "words", exit_code=2), 2, id="its own"),
        pytest.param(HomeError("keyring_damaged", "words"), 3, id="damage"),
        pytest.param(AccessError("classes", "words"), 3, id="ours"),
        pytest.param(Planted(PLANTED), 3, id="anything else"),
    ],
)
def test_exit_code_tells_whose_fault_it_is(error: Exception, code: int) -> None:
    assert failures.report(raised(error)) == code


def test_our_own_error_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    failures.report(raised(HomeError("no_home", "name a home")))
    assert capsys.readouterr().err == "parity: name a home [no_home]\n"


@pytest.mark.attack(1)
def test_other_errors_show_type_and_place_and_no_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures.report(raised(Planted(PLANTED)))
    said = capsys.readouterr().err
    assert said.startswith("parity: our fault: Planted at ")
    assert PLANTED not in said
    assert said.count("\n") == 1


@pytest.mark.attack(1, 11)
def test_the_program_lets_no_traceback_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise Planted(PLANTED)

    monkeypatch.setattr("parity.cli.options.Asked.open", fails)
    assert main.main(["keys", "list"]) == 3
    said = capsys.readouterr()
    assert PLANTED not in said.out + said.err
    assert "Traceback" not in said.err
    assert "keys.py" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["no-such-command"], id="unknown command"),
        pytest.param(["keys", "list", "--no-such-option"], id="unknown option"),
        pytest.param(["publish", "--month", "2025-13"], id="no month"),
        pytest.param(["submit", "/no/such/file"], id="no file"),
        pytest.param(["query", "select 1"], id="no role"),
        pytest.param(["keys", "list"], id="no home"),
    ],
)
def test_wrong_usage_ends_with_two(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARITY_HOME", raising=False)
    assert main.main(arguments) == 2


def test_help_ends_with_nought() -> None:
    assert main.main(["--help"]) == 0


def test_an_instant_needs_its_offset() -> None:
    assert options.parse_instant("2025-05-20T09:30:00+00:00").isoformat() == (
        "2025-05-20T09:30:00+00:00"
    )
    with pytest.raises(typer.BadParameter):
        options.parse_instant("2025-05-20T09:30:00")
    with pytest.raises(typer.BadParameter):
        options.parse_instant("yesterday")
