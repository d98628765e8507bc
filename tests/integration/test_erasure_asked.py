"""Asking for an erasure: by a file, of somebody known, and what is said of it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from erased import Filled, by_number, numbers_sealed
from opted_out import MPI, Sent, change, tokens_in

from parity.cli.main import main
from parity.home import HomeError
from parity.home.errors import NobodyKnownError
from parity.home.private_files import write_private
from parity.vault.erasure.erase import erase


@pytest.mark.parametrize("dry_run", [False, True])
def test_somebody_unknown_is_an_error_that_changes_nothing(
    filled: Filled, dry_run: bool
) -> None:
    """The ledger says that it was asked for; warehouse, vault and landed stay."""
    write_private(filled.home.warehouse_file, b"what was built")
    ledger = filled.keyring.ledger()
    before, keys = ledger.verify().count, filled.keyring.records()
    with pytest.raises(NobodyKnownError, match="person_unknown") as caught:
        filled.erased('nhs_number = "9990000018"', dry_run)
    assert caught.value.exit_code == 1
    assert "9990000018" not in str(caught.value)
    assert filled.home.warehouse_file.exists()
    assert filled.keyring.records() == keys
    assert tokens_in(filled.home, filled.keyring, "kept_out") == set()
    events = [e["event"] for e in list(ledger.entries())[before:]]
    assert events == ([] if dry_run else ["erasure"])


def test_somebody_unknown_is_kept_out_when_that_is_asked_for(filled: Filled) -> None:
    """Nothing that was built holds them, so it stays; a second time is no error."""
    write_private(filled.home.warehouse_file, b"what was built")
    stranger = 'nhs_number = "9990000018"'
    assert filled.erased(stranger, keep_out=True) == (0, 0, False)
    assert len(tokens_in(filled.home, filled.keyring, "kept_out")) == 1
    assert filled.erased(stranger) == (0, 0, False)
    assert filled.home.warehouse_file.exists()


def test_a_later_submission_is_sealed_whole_and_ends_with_another_erasure(
    gone: Filled, both: Sent, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is said at intake: the rows do not land, the copy still names them."""
    write_private(gone.home.warehouse_file, b"what was built")
    month = both.months(3)[0]
    later = Path(shutil.copytree(month, tmp_path / month.name))
    change(later, MPI, both.other.local, lambda row: row | {"Gender": "9"})
    when = "2025-04-20T09:00:00+00:00"
    arguments = ["submit", "--home", str(gone.home.root), "--received-at", when]
    arguments.append(str(later))
    capsys.readouterr()
    assert main(arguments) == 0
    said = capsys.readouterr().out
    received, kept, out = (
        int(re.search(rf"([0-9,]+) {words}", said)[1].replace(",", ""))  # type: ignore[index]
        for words in ("rows received", "kept, ", "of people who are kept out")
    )
    assert received == kept + out
    assert "they stand in the sealed copy" in said
    assert both.one.number in numbers_sealed(gone)
    assert gone.erased(by_number(both.one)) == (0, 1, False)
    assert both.one.number not in numbers_sealed(gone)
    assert gone.home.warehouse_file.exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nhs_number = 9990000018",
        'nhs_number = "9990000019"',
        'nhs_number = ""',
        'nhs_number = "9990000018"\nprovider = "RX1"',
        'provider = "RX1"\nlocal_identifier = "P1"',
        'provider = "RX1"\nlocal_identifier = "P1"\nbirth_date = "1 May 1980"',
        "9990000018",
        "\xff",
    ],
)
def test_a_file_that_names_nobody_is_refused_without_a_value(
    filled: Filled, content: str
) -> None:
    with pytest.raises(HomeError, match="person_file") as caught:
        erase(filled.home, filled.keyring, content.encode("latin-1"), "request", True)
    for value in ("9990000018", "9990000019", "1980", "P1", "RX1"):
        assert value not in str(caught.value)


@pytest.mark.attack(7)
def test_the_command_takes_a_file_and_no_name(
    filled: Filled,
    both: Sent,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A person's identifier is never an argument; the file is the owner's alone."""
    file = tmp_path / "person.toml"
    write_private(file, by_number(both.one).encode())
    arguments = ["erase", "--home", str(filled.home.root), "--person-file", str(file)]
    capsys.readouterr()
    assert main([*arguments, "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["copies"], said["done"], said["is_known"]) == (3, False, True)
    assert main(["erase", "--home", str(filled.home.root), both.one.number]) == 2
    file.chmod(0o644)
    assert main(arguments) == 2
    file.chmod(0o600)
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "published tables stay" in out.lower()
    assert both.one.number not in out
