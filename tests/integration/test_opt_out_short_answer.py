"""A wrongly short answer is refused, and whoever loads one is told what it will do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from opted_out import (
    Asked,
    Sent,
    answer,
    found,
    required,
    tokens_in,
    values_in,
)

from parity.cli.main import main
from parity.home.errors import OptOutError
from parity.vault.opt_out import request
from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer


@pytest.fixture
def short(asked: Asked, tmp_path: Path) -> Path:
    """Half of an answer; its control file says that this is all."""
    lines = [f"{number},\n" for number in asked.numbers()]
    return answer(tmp_path / "in", asked.request.request, lines[::2])


def asked_again(asked: Asked, folder: Path) -> Asked:
    made = request.make_request(asked.home, asked.keyring, folder)
    return Asked(asked.home, made, asked.keyring)


def loaded(asked: Asked) -> list[dict[str, object]]:
    """The facts of every answer that the ledger says was loaded."""
    entries = asked.keyring.ledger().entries()
    return [dict(_facts(e)) for e in entries if e["event"] == "opt_out_loaded"]


def _facts(entry: dict[str, object]) -> Iterator[tuple[str, object]]:
    facts = entry["facts"]
    assert isinstance(facts, dict)
    yield from facts.items()


def test_half_an_answer_is_refused_although_its_control_file_agrees(
    asked: Asked, short: Path
) -> None:
    with pytest.raises(OptOutError, match="opt_out_share") as caught:
        load_answer(asked.home, asked.keyring, short)
    assert loaded(asked) == []
    assert tokens_in(asked.home, asked.keyring, "kept_out") == set()
    assert not any(number in str(caught.value) for number in asked.numbers())


def test_the_whole_answer_loads_after_a_short_one_was_refused(
    asked: Asked, short: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptOutError):
        load_answer(asked.home, asked.keyring, short)
    load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "again"))
    assert hold_gate(asked.home, asked.keyring).gone == 0


def test_an_operator_may_believe_it_and_the_ledger_says_so(
    asked: Asked, short: Path
) -> None:
    done = load_answer(asked.home, asked.keyring, short, accept_share=True)
    (facts,) = loaded(asked)
    assert facts["bounds"] == "passed_by_operator"
    assert facts["leaving"] == done.leaving


def test_the_word_of_an_operator_stands_only_where_it_was_needed(
    asked: Asked, tmp_path: Path
) -> None:
    data = asked.answered(tmp_path / "in")
    load_answer(asked.home, asked.keyring, data, accept_share=True)
    (facts,) = loaded(asked)
    assert facts["bounds"] == "held"


def test_an_answer_unlike_the_one_before_is_refused(
    asked: Asked, tmp_path: Path
) -> None:
    """The request sent back as it is, for one: it would permit everybody again."""
    required(asked.home, "changed_percent = 0\nalways_believed = 2\n")
    first = asked.answered(tmp_path / "in", set(asked.numbers()[:3]))
    load_answer(asked.home, asked.keyring, first)
    again = asked_again(asked, tmp_path / "out")
    with pytest.raises(OptOutError, match="opt_out_change"):
        load_answer(again.home, again.keyring, again.request.data)
    two = again.answered(tmp_path / "in2", {*asked.numbers()[:1]})
    assert (
        load_answer(again.home, again.keyring, two).permitted
        == len(again.numbers()) - 1
    )


def test_a_load_says_who_will_go_and_nobody_goes_before_the_build(
    asked: Asked, sent: Sent, tmp_path: Path
) -> None:
    before = values_in(asked.home, asked.keyring, "landed")
    withheld = {sent.one.number, sent.other.number}
    data = asked.answered(tmp_path / "in", withheld)
    done = load_answer(asked.home, asked.keyring, data)
    assert (done.leaving, done.returning) == (2, 0)
    assert values_in(asked.home, asked.keyring, "landed") == before
    assert hold_gate(asked.home, asked.keyring).gone == 2


def test_people_without_a_number_are_counted_where_they_go_too(
    asked: Asked, tmp_path: Path
) -> None:
    required(asked.home, 'without_number = "remove"\n')
    done = load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "in"))
    query = (
        "select count(*) from landed.receipts.person_link where linkage_step = 'alone'"
    )
    assert [(done.leaving,)] == found(asked.home, asked.keyring, "landed", query)
    assert hold_gate(asked.home, asked.keyring).gone == done.leaving > 0


def test_the_command_says_it_too(
    asked: Asked,
    short: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Refused with code 1 and the way; then what leaves, and what to do now."""
    home = ["--home", str(asked.home.root)]
    capsys.readouterr()
    assert main(["opt-out", "load", str(short), *home]) == 1
    said = capsys.readouterr().err
    assert "opt_out_share" in said
    assert "--accept-share" in said
    assert main(["opt-out", "load", str(short), "--accept-share", *home, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["leaving"] == told["asked"] - told["permitted"]
    again = asked_again(asked, tmp_path / "out")
    data = again.answered(tmp_path / "in2", set(asked.numbers()[1::2]))
    assert main(["opt-out", "load", str(data), "--accept-share", *home]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"removes {told['leaving']} people" in lines[1]
    assert lines[-1].endswith("parity build")


@pytest.mark.parametrize("name", [".", "nothing.dat", "answer.txt"])
def test_a_path_that_is_no_answer_is_wrong_usage(
    asked: Asked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    (tmp_path / "answer.txt").write_text("9990000018,\n")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    home = ["--home", str(asked.home.root)]
    assert main(["opt-out", "load", name, *home]) == 2
    said = capsys.readouterr().err
    assert "our fault" not in said
    assert {".": "directory", "nothing.dat": "exist", "answer.txt": ".dat"}[name] in (
        said.replace("\n", " ")
    )
