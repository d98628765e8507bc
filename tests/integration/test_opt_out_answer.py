"""An answer of the national check is taken in whole, or refused with a code."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from opted_out import Asked, Sent, answer, token, tokens_in

from parity.home import HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.errors import OptOutError
from parity.vault.opt_out import load, request
from parity.vault.opt_out.exchange import control_of
from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer

WEEK = timedelta(days=7)


def refused(asked: Asked, data: Path) -> str:
    """The code with which an answer is refused; nothing of it is kept."""
    before = tokens_in(asked.home, asked.keyring, "permitted")
    entries = asked.keyring.ledger().verify().count
    with pytest.raises(OptOutError) as caught:
        load_answer(asked.home, asked.keyring, data)
    assert tokens_in(asked.home, asked.keyring, "permitted") == before
    assert asked.keyring.ledger().verify().count == entries
    assert not any(number in str(caught.value) for number in asked.numbers())
    return caught.value.code


def test_an_answer_of_everybody_opens_the_gate(asked: Asked, tmp_path: Path) -> None:
    with pytest.raises(OptOutError, match="opt_out_missing"):
        hold_gate(asked.home, asked.keyring)
    loaded = load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "in"))
    assert loaded.permitted == loaded.asked == asked.request.numbers
    assert hold_gate(asked.home, asked.keyring).gone == 0


def test_a_cut_answer_is_refused(asked: Asked, tmp_path: Path) -> None:
    """Cut inside a row, between rows, or with fewer rows than its control file says."""
    lines = [f"{number},\n" for number in asked.numbers()]
    name = asked.request.request
    inside = [*lines[:-1], lines[-1][:5]]
    for cut in (inside, lines[:-3], [*lines[:-1], lines[-1][:-1]]):
        data = answer(tmp_path / "in", name, cut, says=len(lines))
        assert refused(asked, data) == "opt_out_truncated"


def test_a_row_twice_is_refused(asked: Asked, tmp_path: Path) -> None:
    lines = [f"{number},\n" for number in asked.numbers()]
    data = answer(tmp_path / "in", asked.request.request, [*lines, lines[0]])
    assert refused(asked, data) == "opt_out_duplicated"


@pytest.mark.parametrize(
    "line",
    ["NHSNumber,\n", "9990000019,\n", "999000001,\n", "9990000018\n", "9990000018,1\n"],
)
def test_a_row_that_is_no_number_and_a_comma_is_refused(
    asked: Asked, tmp_path: Path, line: str
) -> None:
    lines = [f"{number},\n" for number in asked.numbers()]
    data = answer(tmp_path / "in", asked.request.request, [line, *lines])
    assert refused(asked, data) == "opt_out_malformed"


@pytest.mark.parametrize("text", ["", "\n", " \n\n"])
def test_an_empty_answer_is_refused(asked: Asked, tmp_path: Path, text: str) -> None:
    data = answer(tmp_path / "in", asked.request.request, [text], says=0)
    assert refused(asked, data) == "opt_out_empty"


def test_a_number_that_was_never_asked_about_is_refused(
    asked: Asked, tmp_path: Path
) -> None:
    lines = [f"{number},\n" for number in asked.numbers()]
    assert "9990000018,\n" not in lines
    data = answer(tmp_path / "in", asked.request.request, [*lines, "9990000018,\n"])
    assert refused(asked, data) == "opt_out_never_asked"


def test_an_answer_to_no_request_of_ours_is_refused(
    asked: Asked, tmp_path: Path
) -> None:
    lines = [f"{number},\n" for number in asked.numbers()]
    data = answer(tmp_path / "in", "parity-20250101-0123456789ab", lines)
    assert refused(asked, data) == "opt_out_foreign"


def test_an_answer_to_a_former_request_is_foreign(asked: Asked, tmp_path: Path) -> None:
    data = asked.answered(tmp_path / "in")
    request.make_request(asked.home, asked.keyring, tmp_path / "out")
    assert refused(asked, data) == "opt_out_foreign"


def test_an_answer_loads_once(asked: Asked, tmp_path: Path) -> None:
    data = asked.answered(tmp_path / "in")
    load_answer(asked.home, asked.keyring, data)
    assert refused(asked, data) == "opt_out_loaded"


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"[1]",
        b'{"request": "x"}',
        b'{"format": "parity-opt-out-1", "request": "a b", "rows": 1}',
        b'{"format": "parity-opt-out-1", "request": "x", "rows": 1}',
        b'{"format": "2", "request": "parity-20250101-0123456789ab", "rows": 1}',
    ],
)
def test_without_its_control_file_an_answer_is_refused(
    asked: Asked, tmp_path: Path, content: bytes | None
) -> None:
    data = asked.answered(tmp_path / "in")
    if content is None:
        control_of(data).unlink()
    else:
        control_of(data).write_bytes(content)
    assert refused(asked, data) == "opt_out_control"


def test_an_answer_that_took_too_long_is_refused(asked: Asked, tmp_path: Path) -> None:
    """Its age counts from the request: what it says was true some time after that."""
    data = asked.answered(tmp_path / "in")
    now = datetime.now(UTC)
    with pytest.raises(OptOutError, match="opt_out_expired"):
        load._load_answer(asked.home, asked.keyring, data, now + WEEK)
    load._load_answer(asked.home, asked.keyring, data, now + WEEK - timedelta(hours=1))


def test_an_answer_that_others_may_read_is_refused(
    asked: Asked, tmp_path: Path
) -> None:
    data = asked.answered(tmp_path / "in")
    data.chmod(0o644)
    with pytest.raises(HomeError, match="mode"):
        load_answer(asked.home, asked.keyring, data)


@pytest.mark.attack(10)
def test_the_former_list_cannot_be_read_any_more(
    asked: Asked, sent: Sent, tmp_path: Path
) -> None:
    """An answer takes its place in a vault file written anew; the old key is gone."""
    load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "in"))
    aside = shutil.copy(asked.home.vault_file, tmp_path / "vault.duckdb")
    version = asked.keyring.version("vault")
    key = asked.keyring.key("vault")
    made = request.make_request(asked.home, asked.keyring, tmp_path / "out")
    again = Asked(asked.home, made, asked.keyring)
    load_answer(
        again.home, again.keyring, again.answered(tmp_path / "in2", {sent.one.number})
    )
    assert token(asked.keyring, sent.one) not in tokens_in(
        asked.home, asked.keyring, "permitted"
    )
    assert asked.keyring.record("vault", version).state == "destroyed"
    assert asked.keyring.key("vault") != key
    connection = connect(asked.home.spill)
    with pytest.raises(HomeError, match="not_opened"):
        attach_encrypted(
            connection, Path(aside), "old", asked.keyring.key("vault"), read_only=True
        )
    connection.close()
