"""Commands that make, describe and feed a home."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parity.cli.main import main
from parity.home import Home
from parity.home.unlock import file_key

PASSPHRASE = b"a passphrase of nobody\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    root = tmp_path / "home"
    assert main(["init", "--synthetic", "--home", str(root)]) == 0
    return root


def passphrase_file(folder: Path) -> Path:
    path = folder / "passphrase"
    path.touch(mode=0o600)
    path.write_bytes(PASSPHRASE)
    return path


def answer(capsys: pytest.CaptureFixture[str]) -> object:
    return json.loads(capsys.readouterr().out)


def test_a_synthetic_home_needs_no_passphrase(home: Path) -> None:
    assert Home.find(home).kind == "synthetic"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_live_home_takes_its_passphrase_from_a_file(tmp_path: Path) -> None:
    file, root = passphrase_file(tmp_path), tmp_path / "live"
    arguments = ["--home", str(root), "--passphrase-file", str(file)]
    assert main(["init", *arguments]) == 0
    assert Home.find(root).kind == "live"
    assert main(["keys", "verify", *arguments]) == 0


def test_a_live_home_takes_its_passphrase_from_a_descriptor(tmp_path: Path) -> None:
    root = tmp_path / "live"
    for command in (["init"], ["keys", "verify"]):
        reading, writing = os.pipe()
        os.write(writing, PASSPHRASE)
        os.close(writing)
        arguments = ["--home", str(root), "--passphrase-fd", str(reading)]
        assert main([*command, *arguments]) == 0


def test_a_wrong_passphrase_is_usage(tmp_path: Path, home: Path) -> None:
    file = passphrase_file(tmp_path)
    arguments = ["--home", str(home), "--passphrase-file", str(file)]
    assert main(["keys", "list", *arguments]) == 2


def test_a_home_is_not_made_over_another(home: Path) -> None:
    assert main(["init", "--synthetic", "--home", str(home)]) == 2


def test_keys_are_listed_without_a_key(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["keys", "list", "--home", str(home), "--json"]) == 0
    keys = answer(capsys)
    assert isinstance(keys, list)
    assert {"root", "linkage", "landed", "warehouse"} <= {key["name"] for key in keys}
    fields = {"name", "purpose", "version", "state", "created_at", "changed_at"}
    fields |= {"protects_until", "reads_until", "age"}
    assert all(key.keys() == fields for key in keys)


def test_an_altered_ledger_does_not_verify(home: Path) -> None:
    ledger = Home.find(home).ledger_file
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join([lines[1], lines[0], *lines[2:]]))
    assert main(["keys", "verify", "--home", str(home)]) == 1
    assert main(["ledger", "verify", "--home", str(home)]) == 1


def reference_files(folder: Path, postcode: str = "ZZ99 3VZ") -> Path:
    folder.mkdir()
    for name, text in {
        "organisations": "organisation_code,organisation_name,organisation_type,"
        "parent_code,valid_from,valid_to\nZZ1,One,provider,,2020-04-01,\n",
        "practices": "practice_code,practice_name,sub_icb_code\nZZ9901,Two,ZZC01\n",
        "postcodes": "postcode,lsoa_code,deprivation_decile,sub_icb_code,is_live\n"
        f"{postcode},E01000001,3,ZZC01,true\n",
    }.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_reference_files_are_copied_for_their_owner_alone(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = reference_files(tmp_path / "reference")
    capsys.readouterr()
    assert main(["reference", "load", str(folder), "--home", str(home), "--json"]) == 0
    assert answer(capsys) == {"organisations": 1, "practices": 1, "postcodes": 1}
    for file in Home.find(home).reference.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_bytes() == (folder / file.name).read_bytes()


@pytest.mark.parametrize("fault", ["missing", "wrong"])
def test_faulty_reference_files_leave_the_home_as_it_was(
    tmp_path: Path, home: Path, fault: str
) -> None:
    folder = reference_files(tmp_path / "reference", postcode="no postcode")
    if fault == "missing":
        (folder / "postcodes.csv").unlink()
    assert main(["reference", "load", str(folder), "--home", str(home)]) == 1
    assert not list(Home.find(home).reference.iterdir())


def test_unlock_serves_until_it_is_told_to_stop(home: Path) -> None:
    program = [sys.executable, "-c", "from parity.cli.main import run; run()"]
    command = [*program, "unlock", "--home", str(home)]
    found = Home.find(home)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("unlocked")
        socket = found.run_folder / "keys.socket"
        for _ in range(100):
            if socket.exists():
                break
            time.sleep(0.05)
        assert len(file_key(found, "landed")) == 32
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=20) == 0
    assert not socket.exists()
    assert any(
        '"key_given"' in line for line in found.ledger_file.read_text().split("{")
    )
