"""The national data opt-out: nobody goes on whom a fresh check did not return."""

from __future__ import annotations

import csv
import shutil
import stat
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from conftest import open_keyring, submit_file
from opted_out import (
    MODELS,
    MPI,
    Asked,
    Planted,
    Sent,
    answer,
    asking_home,
    change,
    files_holding,
    found,
    pseudonym_of,
    pseudonyms_of_rows,
    required,
    rows,
    synthetic_sent,
    token,
    tokens_in,
    values_in,
)

from orchestration.resources import HomeResource
from orchestration.run import dagster_instance
from orchestration.transformation import warehouse
from parity.access import build_package
from parity.cli.main import main
from parity.home import Home, HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.errors import OptOutError
from parity.home.private_files import make_folder
from parity.home.standing import _check_standing, check_standing, note_built
from parity.publication import publish_month
from parity.rewriting import RewritingError
from parity.vault.identifier_scan import run_check_identifiers
from parity.vault.opt_out import gate, load, request
from parity.vault.opt_out.exchange import control_of
from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer
from parity.warehouse.build import build

WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return synthetic_sent(tmp_path_factory.mktemp("sent") / "raw")


@pytest.fixture(scope="module")
def made(sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Made once; each test has a copy, so that it may break it."""
    return asking_home(tmp_path_factory.mktemp("made"), sent)


@pytest.fixture
def asked(made: Asked, tmp_path: Path) -> Asked:
    return made.copied(tmp_path / "home")


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


def stopped(asked: Asked) -> str:
    """The code with which the gate stops a build, before dbt is started."""
    with pytest.raises(OptOutError) as caught:
        build(asked.home, asked.keyring)
    assert not asked.home.warehouse_file.exists()
    return caught.value.code


# The question


def test_a_request_is_a_file_of_numbers_for_its_owner_alone(
    asked: Asked, sent: Sent
) -> None:
    """Everybody with a number who landed, once; rows as the national check has them."""
    numbers = {
        row["NHSNumber"]
        for month in sent.months(1, 2)
        for row in rows(month, MPI)
        if row["NHSNumber"]
    }
    text = asked.request.data.read_text()
    assert text == "".join(f"{number},\n" for number in sorted(numbers))
    for file in (asked.request.data, asked.request.control):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["published", "landing/inbox", "operations/out"])
def test_a_request_lies_in_no_other_room_of_the_home(asked: Asked, place: str) -> None:
    with pytest.raises(HomeError, match="opt_out_place"):
        request.make_request(asked.home, asked.keyring, asked.home.root / place)


def test_a_request_may_lie_in_the_landing_zone(asked: Asked) -> None:
    made = request.make_request(
        asked.home, asked.keyring, asked.home.root / "landing" / "opt-out"
    )
    assert made.numbers == len(asked.numbers())


def test_a_folder_that_others_may_read_is_refused(asked: Asked, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "open")
    folder.chmod(0o755)
    with pytest.raises(HomeError, match="mode"):
        request.make_request(asked.home, asked.keyring, folder)


def test_nobody_landed_is_nobody_to_ask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert main(["init", "--synthetic", "--home", str(home)]) == 0
    empty = Home.find(home)
    with pytest.raises(OptOutError, match="opt_out_nobody"):
        request.make_request(empty, open_keyring(empty), tmp_path / "out")


def test_people_who_landed_while_the_home_was_exempt_are_asked_about_too(
    sent: Sent, made: Asked, tmp_path: Path
) -> None:
    """Their numbers come from the sealed submissions that are still kept."""
    home = shutil.copytree(made.home.root, tmp_path / "home")
    found_home = Home.find(home)
    keyring = open_keyring(found_home)
    (found_home.root / "settings.toml").unlink()
    submit_file(found_home, keyring, sent.months(3)[0])
    required(found_home)
    again = request.make_request(found_home, keyring, tmp_path / "out")
    numbers = {row["NHSNumber"] for row in rows(sent.months(3)[0], MPI)} - {""}
    assert numbers <= set(again.data.read_text().replace(",", "").split())
    assert again.numbers > made.request.numbers


# The answer


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


# The gate


def test_a_build_without_a_check_stops(asked: Asked) -> None:
    assert stopped(asked) == "opt_out_missing"


def test_a_build_after_a_stale_check_stops(asked: Asked, tmp_path: Path) -> None:
    load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "in"))
    now = datetime.now(UTC)
    gate._hold_gate(asked.home, asked.keyring, now + WEEK - timedelta(hours=1))
    with pytest.raises(OptOutError, match="opt_out_stale"):
        gate._hold_gate(asked.home, asked.keyring, now + WEEK)


def test_a_check_of_tomorrow_is_not_fresh(asked: Asked, tmp_path: Path) -> None:
    """A clock that was put back does not make an old check new."""
    load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "in"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(OptOutError, match="opt_out_stale"):
        gate._hold_gate(asked.home, asked.keyring, yesterday)


def test_a_build_with_people_who_were_not_asked_about_stops(
    asked: Asked, sent: Sent, tmp_path: Path
) -> None:
    load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "in"))
    submit_file(asked.home, asked.keyring, sent.months(3)[0])
    assert stopped(asked) == "opt_out_not_asked"


def test_the_command_says_what_to_do(
    asked: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, a code and the two commands; the same when dbt is not to be had."""
    capsys.readouterr()
    assert main(["build", "--home", str(asked.home.root)]) == 1
    said = capsys.readouterr().err
    assert "opt_out_missing" in said
    assert "parity opt-out request" in said
    out = tmp_path / "out"
    home = ["--home", str(asked.home.root), "--json"]
    assert main(["opt-out", "request", "--out", str(out), *home]) == 0
    assert main(["opt-out", "load", str(next(out.glob("*.dat"))), *home]) == 0
    assert hold_gate(asked.home, asked.keyring).gone == 0


def test_dbt_by_hand_does_not_go_round_the_gate(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parity.warehouse import dbt_plugin

    monkeypatch.delenv("PARITY_KEY_SOCKET", raising=False)
    with pytest.raises(Exception, match="parity build"):
        dbt_plugin._check_gate(asked.home)
    own = asked.home.run_folder / "keys.socket"
    monkeypatch.setenv("PARITY_KEY_SOCKET", str(own))
    with pytest.raises(Exception, match="parity build"):
        dbt_plugin._check_gate(asked.home)
    monkeypatch.setenv("PARITY_KEY_SOCKET", str(asked.home.run_folder / "x" / "socket"))
    dbt_plugin._check_gate(asked.home)


def test_an_exempt_home_asks_nobody(asked: Asked) -> None:
    (asked.home.root / "settings.toml").unlink()
    assert hold_gate(asked.home, asked.keyring).gate == "exempt"


def test_people_without_a_number_stay_or_go_as_the_home_is_told(
    sent: Sent, tmp_path: Path
) -> None:
    """They stay by default: no check can name them. A linked record has a number."""
    asked = asking_home(tmp_path, sent, 'without_number = "remove"\n')
    everybody = "select count(distinct person_id) from landed.receipts.person_link"
    numberless = (
        "select count(*) from landed.receipts.person_link where linkage_step = 'alone'"
    )
    ((before,),) = found(asked.home, asked.keyring, "landed", everybody)
    ((alone,),) = found(asked.home, asked.keyring, "landed", numberless)
    load_answer(asked.home, asked.keyring, asked.answered(tmp_path / "in"))
    assert hold_gate(asked.home, asked.keyring).gone == alone
    ((after,),) = found(asked.home, asked.keyring, "landed", everybody)
    assert after == asked.request.numbers
    assert isinstance(before, int)
    assert before - after == alone


# Those who are not returned


@pytest.fixture
def opted_out(asked: Asked, sent: Sent, tmp_path: Path) -> Asked:
    """One of the planted people was not returned; the gate has been held."""
    load_answer(
        asked.home,
        asked.keyring,
        asked.answered(tmp_path / "in", {sent.one.number}),
    )
    assert hold_gate(asked.home, asked.keyring).gone == 1
    return asked


def test_records_without_a_number_that_are_theirs_go_too(
    opted_out: Asked, made: Asked, sent: Sent
) -> None:
    """All that the crosswalk joins to them; of everybody else every row stays."""
    theirs = pseudonyms_of_rows(made.home, made.keyring, sent.one)
    assert len(theirs) >= 5
    before = values_in(made.home, made.keyring, "landed")
    after = values_in(opted_out.home, opted_out.keyring, "landed")
    assert theirs <= before
    assert not theirs & after
    assert pseudonyms_of_rows(opted_out.home, opted_out.keyring, sent.other)
    query = "select count(*) from landed.iapt_v2_1.ids001mpi"
    ((had,),) = found(made.home, made.keyring, "landed", query)
    ((has,),) = found(opted_out.home, opted_out.keyring, "landed", query)
    assert isinstance(had, int)
    assert has == had - 2


def test_the_vault_forgets_their_evidence_and_pathways(
    opted_out: Asked, made: Asked, sent: Sent
) -> None:
    own = token(made.keyring, sent.one)
    assert own in tokens_in(made.home, made.keyring, "observation")
    assert own not in tokens_in(opted_out.home, opted_out.keyring, "observation")
    query = "select count(*) from vault.identifier where domain != 'evidence'"
    ((had,),) = found(made.home, made.keyring, "vault", query)
    ((has,),) = found(opted_out.home, opted_out.keyring, "vault", query)
    assert isinstance(had, int)
    assert isinstance(has, int)
    theirs = pseudonyms_of_rows(made.home, made.keyring, sent.one)
    assert had - has >= len(theirs)


def test_every_pseudonym_and_token_that_is_left_can_be_made_anew(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """The vault stands for all that has landed and all that is kept out or asked."""
    from parity.rotation.root import rotate_root
    from parity.vault.custodians import made_up_custodians

    one, other, _ = made_up_custodians(opted_out.home)
    rotate_root(opted_out.home, opted_out.keyring, one, other)
    again = request.make_request(opted_out.home, opted_out.keyring, tmp_path / "again")
    assert again.data.read_text() == opted_out.request.data.read_text()
    assert hold_gate(opted_out.home, opted_out.keyring).gone == 0
    receipt = submit_file(opted_out.home, opted_out.keyring, sent.months(3)[0])
    assert receipt.rows_kept_out > 1


@pytest.mark.parametrize("numberless", [False, True])
def test_they_are_kept_out_of_later_submissions(
    opted_out: Asked, sent: Sent, tmp_path: Path, numberless: bool
) -> None:
    """By number, and without one by what they were known by; counted, not named."""
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    if numberless:
        change(later, MPI, sent.one.local, lambda row: row | {"NHSNumber": ""})
    receipt = submit_file(opted_out.home, opted_out.keyring, later)
    assert receipt.state == "accepted"
    assert receipt.rows_kept_out > 1
    query = "select count(*) from landed.iapt_v2_1.ids001mpi"
    ((has,),) = found(opted_out.home, opted_out.keyring, "landed", query)
    everybody = sum(len(rows(month, MPI)) for month in sent.months(1, 2, 3))
    assert has == everybody - 3
    text = receipt.answer.read_text() if receipt.answer else ""
    assert "kept out" not in text


def test_who_shares_a_local_identifier_under_another_number_lands(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """A number of one's own counts more than an identifier that was used twice."""
    later = Path(shutil.copytree(sent.months(3)[0], tmp_path / sent.months(3)[0].name))
    change(later, MPI, sent.one.local, lambda row: row | {"NHSNumber": "9990000018"})
    receipt = submit_file(opted_out.home, opted_out.keyring, later)
    assert receipt.rows_kept_out == 0


def test_somebody_who_is_returned_again_lands_again(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """They are asked about for as long as they are kept out."""
    made = request.make_request(opted_out.home, opted_out.keyring, tmp_path / "again")
    assert sent.one.number in made.data.read_text()
    again = Asked(opted_out.home, made, opted_out.keyring)
    load_answer(again.home, again.keyring, again.answered(tmp_path / "in2"))
    assert tokens_in(again.home, again.keyring, "kept_out") == set()
    receipt = submit_file(again.home, again.keyring, sent.months(3)[0])
    assert receipt.rows_kept_out == 0


def test_who_stays_away_stays_kept_out(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """The next answer without them keeps what they are known by."""
    before = tokens_in(opted_out.home, opted_out.keyring, "kept_out")
    made = request.make_request(opted_out.home, opted_out.keyring, tmp_path / "again")
    again = Asked(opted_out.home, made, opted_out.keyring)
    load_answer(
        again.home, again.keyring, again.answered(tmp_path / "in2", {sent.one.number})
    )
    assert tokens_in(again.home, again.keyring, "kept_out") == before
    assert hold_gate(again.home, again.keyring).gone == 0


@pytest.mark.attack(10)
def test_the_former_landed_store_cannot_be_read(
    opted_out: Asked, made: Asked, tmp_path: Path
) -> None:
    """A copy of the file from before opens under no key that is left."""
    aside = Path(shutil.copy(made.home.landed_file, tmp_path / "landed.duckdb"))
    records = [r for r in opted_out.keyring.records() if r.name == "landed"]
    assert [record.state for record in records] == ["destroyed", "active"]
    connection = connect(opted_out.home.spill)
    with pytest.raises(HomeError, match="not_opened"):
        attach_encrypted(
            connection, aside, "old", opted_out.keyring.key("landed"), read_only=True
        )
    attach_encrypted(connection, aside, "old", made.keyring.key("landed"))
    connection.close()


@pytest.mark.attack(34)
def test_a_removal_that_fails_changes_nothing_and_stops_the_build(
    asked: Asked, sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parity.vault.removal.landed_rows import WithoutPeople

    load_answer(
        asked.home, asked.keyring, asked.answered(tmp_path / "in", {sent.one.number})
    )
    before = values_in(asked.home, asked.keyring, "landed")
    with monkeypatch.context() as patched:
        patched.setattr(WithoutPeople, "_left", lambda *_: 1)
        with pytest.raises(RewritingError, match="people_left"):
            build(asked.home, asked.keyring)
    assert values_in(asked.home, asked.keyring, "landed") == before
    assert hold_gate(asked.home, asked.keyring).gone == 1


# What may leave a warehouse


def test_nothing_leaves_a_warehouse_that_is_older_than_a_removal(
    asked: Asked, sent: Sent, tmp_path: Path
) -> None:
    """Nor one older than the answer that counts, or built when nobody was asked."""
    home, keyring, now = asked.home, asked.keyring, datetime.now(UTC)
    note_built(keyring, "exempt", None)
    data = asked.answered(tmp_path / "in", {sent.one.number})
    with pytest.raises(OptOutError, match="built_before"):
        check_standing(home, keyring)
    note_built(keyring, "required", now)
    check_standing(home, keyring)
    load_answer(home, keyring, data)
    for leaving in (
        lambda: build_package(home, keyring, "researcher"),
        lambda: publish_month(home, keyring, date(2025, 2, 1)),
    ):
        with pytest.raises(OptOutError, match="built_before"):
            leaving()
    note_built(keyring, "required", now)
    check_standing(home, keyring)
    hold_gate(home, keyring)
    with pytest.raises(OptOutError, match="built_before"):
        check_standing(home, keyring)


def test_nothing_leaves_a_warehouse_whose_check_is_stale(asked: Asked) -> None:
    now = datetime.now(UTC)
    note_built(asked.keyring, "required", now)
    _check_standing(asked.home, asked.keyring, now + WEEK)
    with pytest.raises(OptOutError, match="opt_out_stale"):
        _check_standing(asked.home, asked.keyring, now + WEEK + timedelta(seconds=1))


def test_a_ledger_that_was_altered_lets_nothing_leave(asked: Asked) -> None:
    from pseudonymisation.errors import LedgerBroken

    note_built(asked.keyring, "required", datetime.now(UTC))
    text = asked.home.ledger_file.read_bytes()
    asked.home.ledger_file.write_bytes(
        text.replace(b"warehouse_built", b"warehouse_bUilt")
    )
    with pytest.raises(LedgerBroken):
        check_standing(asked.home, asked.keyring)


# From a submission to the published files, built


@dataclass(frozen=True)
class Built:
    """A home built with everybody, and two built again without one or the other."""

    everybody: Asked
    without_one: Asked
    without_other: Asked
    theirs: frozenset[str] = field(repr=False)


@pytest.fixture(scope="module")
def built(made: Asked, sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("built")
    first = made.copied(root / "everybody")
    theirs = pseudonyms_of_rows(first.home, first.keyring, sent.one)
    load_answer(first.home, first.keyring, first.answered(root / "in"))
    _made_anew(first)
    later = [
        _built_without(first, root / name, person)
        for name, person in (("one", sent.one), ("other", sent.other))
    ]
    return Built(first, *later, frozenset(theirs))


def _built_without(first: Asked, root: Path, person: Planted) -> Asked:
    """A late opt-out: built, packaged and published before, and again after it."""
    home = first.copied(root)
    made = request.make_request(
        home.home, home.keyring, root.with_name(f"{root.name}-q")
    )
    home = Asked(home.home, made, home.keyring)
    data = home.answered(root.with_name(f"{root.name}-a"), {person.number})
    load_answer(home.home, home.keyring, data)
    _made_anew(home)
    return home


def _made_anew(asked: Asked) -> None:
    build(asked.home, asked.keyring, select=MODELS)
    build_package(asked.home, asked.keyring, "researcher")
    publish_month(asked.home, asked.keyring, date(2025, 2, 1))


def test_a_late_opt_out_is_in_no_table(built: Built) -> None:
    """Neither they nor their referrals: landed store, warehouse, package."""
    first, later = built.everybody, built.without_one
    for file in ("landed", "warehouse"):
        assert built.theirs & values_in(first.home, first.keyring, file)
        assert not built.theirs & values_in(later.home, later.keyring, file)
    assert _people_in_package(later) == _people_in_package(first) - 1
    builds = list((later.home.packages / "researcher").glob("build-*"))
    assert len(builds) == 1


@pytest.mark.attack(10)
def test_the_package_of_before_cannot_be_read(built: Built) -> None:
    records = [
        r for r in built.without_one.keyring.records() if r.name == "package:researcher"
    ]
    assert [record.state for record in records] == ["destroyed", "active"]


def _people_in_package(asked: Asked) -> int:
    from parity.access import current_package

    connection = connect(asked.home.spill)
    file = current_package(asked.home, "researcher").file
    key = asked.keyring.key("package:researcher")
    attach_encrypted(connection, file, "package", key, read_only=True)
    row = connection.execute("select count(*) from package.core.dim_people").fetchone()
    connection.close()
    assert row is not None
    return int(row[0])


def test_everybody_elses_rows_are_unchanged(built: Built, sent: Sent) -> None:
    """Referral by referral, all columns: who left takes nothing along."""
    first, later = built.everybody, built.without_one
    ((person, pathway),) = found(
        first.home,
        first.keyring,
        "warehouse",
        "select person_id, pathway_id from warehouse.core.fct_referrals "
        f"where person_id = '{pseudonym_of(first.keyring, sent.one)}'",
    )
    for table in ("dim_people", "fct_referrals", "fct_care_contacts"):
        query = f"select * from warehouse.core.{table} order by all"
        before = found(first.home, first.keyring, "warehouse", query)
        after = found(later.home, later.keyring, "warehouse", query)
        assert len(after) < len(before)
        others = [row for row in before if person not in row and pathway not in row]
        assert others == after


def test_no_log_and_no_artefact_tells_of_them(built: Built, sent: Sent) -> None:
    """Not their number, not a pseudonym, not a token; not of the permitted either."""
    later = built.without_one
    words = [value.encode() for value in built.theirs]
    for person in (sent.one, sent.other):
        own = token(later.keyring, person)
        words += [own, own.hex().encode(), person.number.encode()]
    assert files_holding(later.home, words) == []
    report = run_check_identifiers(later.home, later.keyring, sent.folder)
    assert report.findings == ()


def test_the_scan_of_files_sees(built: Built, sent: Sent) -> None:
    """The control: the same look finds a token that was written to a log."""
    log = built.without_one.home.dbt_logs / "planted.log"
    log.write_text(token(built.without_one.keyring, sent.one).hex())
    try:
        words = [token(built.without_one.keyring, sent.one).hex().encode()]
        assert len(files_holding(built.without_one.home, words)) == 1
    finally:
        log.unlink()


def test_the_list_is_in_no_table_of_the_warehouse(built: Built) -> None:
    later = built.without_one
    names = found(
        later.home,
        later.keyring,
        "warehouse",
        "select table_name || ' ' || column_name from duckdb_columns() "
        "where table_name || column_name ilike '%opt%out%' "
        "or column_name ilike '%permitted%' or data_type = 'BLOB'",
    )
    assert names == []


def test_one_opt_out_in_place_of_another_is_not_told_by_rounded_numbers(
    built: Built,
) -> None:
    """Below England no published count moves by more than the rounding.

    England's counts are exact under the official rule, so there one person is one.
    """
    moved = []
    one, other = (
        _published(built.without_one.home),
        _published(built.without_other.home),
    )
    assert one.keys() == other.keys()
    for cell, value in one.items():
        step = abs(_number(value) - _number(other[cell]))
        assert step <= (1 if "England" in cell else 5), cell
        moved.append(step)
    assert len(moved) > 100


def _published(home: Home) -> dict[tuple[str, ...], str]:
    """Counts of the publication by everything that stands beside them."""
    cells: dict[tuple[str, ...], str] = {}
    for file in (home.published / "monthly").rglob("*.csv"):
        with file.open(newline="", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                if "Count_" in row[-2]:
                    cells[file.name, *row[:-1]] = row[-1]
    return cells


def _number(text: str) -> float:
    return 0.0 if text == "*" else float(text)


def test_the_build_of_dagster_stops_too(asked: Asked) -> None:
    """The same gate, and its words are kept: nothing of them names anybody."""
    resource = HomeResource(root=str(asked.home.root))
    with dagster_instance(asked.home) as instance:
        result = dg.materialize(
            [warehouse],
            instance=instance,
            resources={"home_resource": resource},
            raise_on_error=False,
        )
        (failed,) = result.get_step_failure_events()
    assert "opt_out_missing" in str(failed.step_failure_data.user_failure_data)
    assert not asked.home.warehouse_file.exists()
