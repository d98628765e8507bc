"""The commands of re-identification, from the request to the reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from reidentification_scene import PASSPHRASE, Scene, copy_of, shared_scene

from parity.cli.main import main
from parity.home.private_files import write_private
from parity.vault.custodians import appointed
from parity.vault.reidentification.records import check_agreement

Approve = Callable[[str, str, str, str], int]


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Scene:
    return copy_of(shared_scene(tmp_path_factory), tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """The passphrase of everybody's own key file, as an option."""
    write_private(tmp_path / "passphrase", PASSPHRASE)
    return ["--passphrase-file", str(tmp_path / "passphrase")]


@pytest.fixture
def approve(copy: Scene) -> Approve:
    """One made-up custodian approves a request, and names the other."""
    made_up = copy.home.operations / "custodians"

    def yes(number: str, other: str, request: str, out: str) -> int:
        name = f"custodian-{number}"
        return run(
            *("approve", request, "--out", out, "--yes"),
            *("--other", f"custodian-{other}"),
            *("--custodian", str(made_up / f"{name}.json")),
            *("--passphrase-file", str(made_up / f"{name}-passphrase")),
        )

    return yes


def run(*words: str) -> int:
    return main(["reidentify", *words])


@pytest.mark.attack(7)
def test_the_whole_way_on_the_command_line(
    copy: Scene,
    approve: Approve,
    own: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A request, two approvals made without a home, an answer, and its reading."""
    files = {name: str(tmp_path / name) for name in ("key", "request", "a", "b", "out")}
    write_private(tmp_path / "pseudonym", copy.someone.encode() + b"\n")
    home = ["--home", str(copy.home.root)]
    about = ["--purpose", "a safety alert", "--legal-basis", "vital interests"]
    to = ["--recipient", f"{files['key']}.card"]
    subject = ["--pseudonym-file", str(tmp_path / "pseudonym")]
    assert run("custodian", "analyst", "--out", files["key"], *own) == 0
    request = ["request", *subject, *about, *to, "--out", files["request"]]
    assert run(*request, *home) == 0
    assert run(*request, *home) == 2  # it is there already
    assert approve("one", "three", files["request"], files["a"]) == 0
    alone = ["open", files["request"], files["a"], files["a"], "--out", files["out"]]
    assert run(*alone, *home) == 1
    assert not Path(files["out"]).exists()
    assert approve("three", "one", files["request"], files["b"]) == 0
    both = ["open", files["request"], files["a"], files["b"], "--out", files["out"]]
    assert run(*both, *home) == 0
    told = capsys.readouterr().out
    assert "a safety alert" in told
    assert copy.someone not in told
    assert copy.number not in told
    assert run(*both[:-1], files["out"] + "2", *home) == 1
    assert run("read", files["out"], "--key-file", files["key"], *own, "--json") == 0
    read = json.loads(capsys.readouterr().out)
    assert read["identifiers"][0]["nhs_number"] == copy.number
    assert run("verify", *home) == 0
    agreement = check_agreement(copy.home, copy.keyring)
    assert agreement.entries == agreement.openings
    assert all(Path(path).stat().st_mode & 0o077 == 0 for path in files.values())

    assert main(["keys", "list", *home]) == 0
    shown = capsys.readouterr().out
    assert "reidentify:" not in shown
    assert "1 destroyed keys of requests" in shown
    assert main(["keys", "list", *home, "--json"]) == 0
    names = {key["name"] for key in json.loads(capsys.readouterr().out)}
    assert sum(name.startswith("reidentify:") for name in names) == 1


def test_a_custodian_is_replaced_on_the_command_line(
    copy: Scene,
    approve: Approve,
    own: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = ["--home", str(copy.home.root)]
    new, request = str(tmp_path / "dora"), str(tmp_path / "request")
    given = [str(tmp_path / "a"), str(tmp_path / "b")]
    before = appointed(copy.home, copy.keyring).opening_public
    assert run("custodian", "dora", "--out", new, *own) == 0
    ask = ["replace", "custodian-one", f"{new}.card", "--out", request]
    assert run(*ask, *home) == 0
    assert approve("two", "three", request, given[0]) == 0
    assert approve("three", "two", request, given[1]) == 0
    assert run("instate", request, *given, *home) == 0
    assert "dora, custodian-two, custodian-three" in capsys.readouterr().out
    assert appointed(copy.home, copy.keyring).opening_public != before
    assert run("instate", request, *given, *home) == 1


@pytest.mark.attack(15)
def test_nobodys_own_key_file_is_taken_for_a_card(
    copy: Scene, own: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would bring a private key to a home. The words hold nothing of it."""
    home, key = ["--home", str(copy.home.root)], tmp_path / "ann"
    assert run("custodian", "ann", "--out", str(key), *own) == 0
    write_private(tmp_path / "pseudonym", copy.someone.encode())
    about = ["--purpose", "why", "--legal-basis", "what"]
    subject = ["--pseudonym-file", str(tmp_path / "pseudonym")]
    out = ["--out", str(tmp_path / "request")]
    capsys.readouterr()
    for words in (
        ["appoint", f"{key}.card", str(key), f"{key}.card"],
        ["replace", "custodian-one", str(key), *out],
        ["request", *subject, *about, "--recipient", str(key), *out],
    ):
        assert run(*words, *home) == 2
        said = capsys.readouterr()
        assert "[own_key_file]" in said.err
        assert not [
            v for v in json.loads(key.read_bytes()).values() if str(v) in said.err
        ]
    assert not (tmp_path / "request").exists()
