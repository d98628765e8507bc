"""`parity submit`: several paths, one answer each, the exit code of the worst."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

import parity.intake.submit
from parity.cli.main import main
from parity.intake.errors import IntakeError
from parity.intake.submit import Receipt

Seen = tuple[str, datetime | None]

ANSWER = Path("/answers/ZZ1_2025-04_primary/answer.html")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    root = tmp_path / "home"
    assert main(["init", "--synthetic", "--home", str(root)]) == 0
    return root


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Seen]:
    """Paths that reach intake, with the time of receipt; intake itself is not run.

    A name with `rejected` is rejected, one with `unknown` is no submission's.
    """
    seen: list[Seen] = []

    def take_in(
        _home: object,
        path: Path,
        _keyring: object,
        received_at: datetime | None,
        **_: object,
    ) -> Receipt:
        seen.append((path.name, received_at))
        if "unknown" in path.name:
            raise IntakeError("PARITY-NAME", "the name has another form")
        state = "rejected" if "rejected" in path.name else "accepted"
        reason = "a rule rejects the file" if state == "rejected" else ""
        return Receipt(path.name, state, None, 1200, 1190, 10, ANSWER, reason)  # type: ignore[arg-type]

    monkeypatch.setattr(parity.intake.submit, "submit", take_in)
    return seen


def paths(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).touch()
    return [str(folder / name) for name in names]


def test_every_path_is_taken_in_and_the_code_is_the_worst(
    tmp_path: Path,
    home: Path,
    taken: list[Seen],
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("rejected", "unknown", "good")
    capsys.readouterr()
    assert main(["submit", *paths(tmp_path, *names), "--home", str(home)]) == 1
    assert [name for name, _ in taken] == list(names)
    said = capsys.readouterr()
    rejected, unknown, good = said.out.splitlines()
    assert rejected == (
        "rejected: rejected; 1,200 rows received; 1,190 kept, 10 findings; "
        f"a rule rejects the file; answer: {ANSWER}"
    )
    assert unknown == "path 2: refused; the name has another form [PARITY-NAME]"
    assert good.startswith("good: accepted; 1,200 rows received")
    assert said.err == ""


def test_all_accepted_is_done(tmp_path: Path, home: Path, taken: list[Seen]) -> None:
    assert main(["submit", *paths(tmp_path, "good"), "--home", str(home)]) == 0
    assert taken == [("good", None)]


def test_json_is_one_document(
    tmp_path: Path,
    home: Path,
    taken: list[Seen],  # noqa: ARG001  intake is not run
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    main(["submit", *paths(tmp_path, "good"), "--home", str(home), "--json"])
    (receipt,) = json.loads(capsys.readouterr().out)
    assert receipt["state"] == "accepted"
    assert receipt["answer"] == str(ANSWER)


def test_the_time_of_receipt_is_handed_on_with_its_offset(
    tmp_path: Path, home: Path, taken: list[Seen]
) -> None:
    when = "2025-05-20T09:30:00+01:00"
    arguments = [*paths(tmp_path, "good"), "--home", str(home), "--received-at", when]
    assert main(["submit", *arguments]) == 0
    assert taken == [("good", datetime.fromisoformat(when))]


@pytest.mark.attack(2)
def test_a_senders_name_is_told_nowhere(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be a patient's: the place among the paths is told, in words and JSON."""
    named = paths(tmp_path, "Jo Bloggs 9990000018.accdb", "ZZ1_2025-04_primary.mdb")
    missing = str(tmp_path / "Jo Bloggs again")
    for words, code in (
        ([named[0]], 1),
        ([named[0], "--json"], 1),
        ([named[1], missing], 2),
    ):
        capsys.readouterr()
        assert main(["submit", *words, "--home", str(home)]) == code
        said = "".join(capsys.readouterr())
        assert "Bloggs" not in said
        assert "9990000018" not in said
        assert ("path 2 does not exist" if code == 2 else "path 1") in said
    assert Path(named[0]).exists()


def test_one_that_still_arrives_is_told_by_its_slot(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def arriving(*_: object, **__: object) -> Receipt:
        raise IntakeError("PARITY-ARRIVING", "it changed while it was read")

    monkeypatch.setattr(parity.intake.submit, "submit", arriving)
    sent = paths(tmp_path, "ZZ1_2025-04_primary.mdb")
    capsys.readouterr()
    assert main(["submit", *sent, "--home", str(home)]) == 1
    assert capsys.readouterr().out.startswith("ZZ1_2025-04_primary: refused; it ch")
