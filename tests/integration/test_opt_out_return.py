"""The way back: people who are permitted again get their rows again, from submissions.

The rows come from the sealed copies or from the same file submitted again. A home to
which everybody has returned holds what it held before they left.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from conftest import submit_file
from opted_out import (
    MPI,
    Asked,
    Sent,
    change,
    found,
    looking,
    pseudonym_of,
    rows,
    values_in,
)

from parity.cli.main import main
from parity.home.reference import Reference
from parity.intake import returning
from parity.intake.returning import restore
from parity.intake.sealed_copies import sealed_copies
from parity.intake.slot import Slot
from parity.vault.erasure.erase import erase
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer
from parity.vault.opt_out.request import make_request
from parity.vault.removal.door import read_kept_out, refused_rows
from parity.vault.store import Vault
from parity.warehouse.digest import table_digests
from parity.warehouse.landed import LandedStore


def stored(asked: Asked) -> dict[str, str]:
    """Digests of every table of the landed store: rows, crosswalk, receipts."""
    with looking(asked.home, asked.keyring, "landed") as connection:
        return table_digests(connection, "landed", asked.keyring.key("receipt"))


def seen(asked: Asked) -> list[tuple[object, ...]]:
    """The vault's evidence and who may be asked about."""
    queries = (
        "select * from vault.observation order by all",
        "select token from vault.to_ask order by all",
        "select token, domain, provider from vault.identifier "
        "where domain != 'evidence' order by all",
    )
    return [
        row
        for query in queries
        for row in found(asked.home, asked.keyring, "vault", query)
    ]


def answered_again(asked: Asked, folder: Path, without: set[str] | None = None) -> int:
    """Another check that returns everybody but these; how many it says return."""
    made = make_request(asked.home, asked.keyring, folder / "question")
    again = Asked(asked.home, made, asked.keyring)
    data = again.answered(folder / "reply", without or set())
    return load_answer(asked.home, asked.keyring, data, accept_share=True).returning


@pytest.fixture(scope="module")
def withheld(made: Asked, sent: Sent) -> set[str]:
    """Every second number, and those of the planted people."""
    return {*made.numbers()[::2], sent.one.number, sent.other.number}


@pytest.fixture(scope="module")
def short(
    made: Asked, withheld: set[str], tmp_path_factory: pytest.TempPathFactory
) -> Asked:
    """A short answer was believed and applied: they have all left."""
    root = tmp_path_factory.mktemp("short")
    asked = made.copied(root / "home")
    data = asked.answered(root / "in", withheld)
    done = load_answer(asked.home, asked.keyring, data, accept_share=True)
    assert hold_gate(asked.home, asked.keyring).gone == done.leaving == len(withheld)
    return asked


@pytest.fixture(scope="module")
def right(
    short: Asked, withheld: set[str], tmp_path_factory: pytest.TempPathFactory
) -> Asked:
    """Then the right answer came, which returns everybody; nobody is back yet."""
    root = tmp_path_factory.mktemp("right")
    asked = short.copied(root / "home")
    assert answered_again(asked, root) == len(withheld)
    return asked


@pytest.fixture
def permitted(right: Asked, tmp_path: Path) -> Asked:
    """A copy of it, to change."""
    return right.copied(tmp_path / "home")


@pytest.fixture
def half_gone(short: Asked, tmp_path: Path) -> Asked:
    """A copy of it, to change."""
    return short.copied(tmp_path / "home")


def test_everybody_comes_back_from_sealed_submissions(
    permitted: Asked, made: Asked
) -> None:
    """Landed store, crosswalk and evidence as before, row for row; the same again."""
    assert stored(permitted) != stored(made)
    done = restore(permitted.home, permitted.keyring)
    assert (done.short, done.returned, done.without_copy) == (2, 2, 0)
    assert done.rows > done.persons > 10
    assert stored(permitted) == stored(made)
    assert seen(permitted) == seen(made)
    again = restore(permitted.home, permitted.keyring)
    assert (again.short, again.returned, again.rows) == (2, 0, 0)
    assert stored(permitted) == stored(made)
    assert hold_gate(permitted.home, permitted.keyring).gone == 0


def test_everybody_comes_back_when_the_same_files_are_submitted(
    permitted: Asked, made: Asked, sent: Sent
) -> None:
    """Without copies too; the receipts, and so the order, are the first ones."""
    for copy in sealed_copies(permitted.home.landing_sealed):
        copy.unlink()
    assert restore(permitted.home, permitted.keyring).without_copy == 2
    months = sent.months(2, 1)
    receipts = [submit_file(permitted.home, permitted.keyring, m) for m in months]
    assert [receipt.state for receipt in receipts] == ["returned", "returned"]
    assert all(receipt.rows_returned > 10 for receipt in receipts)
    assert stored(permitted) == stored(made)
    assert len(sealed_copies(permitted.home.landing_sealed)) == 2
    receipts = [submit_file(permitted.home, permitted.keyring, m) for m in months]
    assert [receipt.state for receipt in receipts] == ["replayed", "replayed"]
    assert stored(permitted) == stored(made)


def test_whoever_is_still_kept_out_does_not_come_back(
    half_gone: Asked, sent: Sent, tmp_path: Path
) -> None:
    """Nor does anybody before another answer permits them."""
    assert restore(half_gone.home, half_gone.keyring).rows == 0
    month = sent.months(1)[0]
    assert submit_file(half_gone.home, half_gone.keyring, month).state == "replayed"
    answered_again(half_gone, tmp_path / "b", {sent.one.number})
    assert restore(half_gone.home, half_gone.keyring).rows > 10
    landed = values_in(half_gone.home, half_gone.keyring, "landed")
    assert pseudonym_of(half_gone.keyring, sent.one) not in landed
    assert hold_gate(half_gone.home, half_gone.keyring).gone == 0


def test_a_record_under_another_number_does_not_return_while_it_may_be_theirs(
    opted_out: Asked, sent: Sent
) -> None:
    """New, it is judged by its own number; back after a removal it is not."""
    month = sent.months(2)[0]
    theirs = [r for r in rows(month, MPI) if r["LocalPatientId"] == sent.one.local]
    persons = pl.DataFrame([r | {"NHSNumber": "9990000018"} for r in theirs])
    persons = persons.with_row_index("row_number", offset=1)
    with Vault.open(opted_out.home, opted_out.keyring.key("vault")) as vault:
        out = read_kept_out(vault.connection, opt_outs_count=True)
    door = (
        persons,
        Slot.from_name(month.name),
        IdentifierKeys.of(opted_out.keyring),
        Reference.load(opted_out.home.reference),
        opted_out.home.kind,
        out,
    )
    assert refused_rows(*door).height == 0
    assert refused_rows(*door, strictly=True).height == 1


def test_whoever_was_erased_does_not_come_back(
    half_gone: Asked, sent: Sent, tmp_path: Path
) -> None:
    """Not from a copy that is kept elsewhere and submitted, either."""
    person = f'nhs_number = "{sent.one.number}"'.encode()
    erase(half_gone.home, half_gone.keyring, person, "request", dry_run=False)
    answered_again(half_gone, tmp_path / "b")
    for month in sent.months(1, 2):
        assert submit_file(half_gone.home, half_gone.keyring, month).rows_kept_out > 0
    landed = values_in(half_gone.home, half_gone.keyring, "landed")
    assert pseudonym_of(half_gone.keyring, sent.one) not in landed
    assert pseudonym_of(half_gone.keyring, sent.other) in landed


def test_people_who_came_with_a_later_submission_come_back_too(
    opted_out: Asked, sent: Sent, tmp_path: Path
) -> None:
    """Rows that were kept out at the door, not only those that were removed."""
    assert submit_file(
        opted_out.home, opted_out.keyring, sent.months(3)[0]
    ).rows_kept_out
    answered_again(opted_out, tmp_path / "b")
    assert restore(opted_out.home, opted_out.keyring).returned == 3
    query = "select count(*) from landed.iapt_v2_1.ids001mpi"
    everybody = sum(len(rows(month, MPI)) for month in sent.months(1, 2, 3))
    assert found(opted_out.home, opted_out.keyring, "landed", query) == [(everybody,)]


def test_a_submission_that_was_replaced_is_whole_when_it_comes_again(
    opted_out: Asked, made: Asked, sent: Sent, tmp_path: Path
) -> None:
    """It counts again then, as a new arrival, with everybody's rows."""
    month = sent.months(2)[0]
    other = Path(shutil.copytree(month, tmp_path / "corrected" / month.name))
    change(other, MPI, sent.other.local, lambda row: row | {"Gender": "9"})
    assert submit_file(opted_out.home, opted_out.keyring, other).state == "accepted"
    answered_again(opted_out, tmp_path / "b")
    receipt = submit_file(opted_out.home, opted_out.keyring, month)
    assert receipt.state == "accepted"
    query = (
        "select count(*) from landed.iapt_v2_1.ids001mpi "
        f"where submission_id = '{receipt.submission_id}'"
    )
    assert found(opted_out.home, opted_out.keyring, "landed", query) == found(
        made.home, made.keyring, "landed", query
    )


@pytest.mark.attack(34)
@pytest.mark.parametrize("step", ["make_known", "add"])
def test_a_return_that_was_cut_off_is_finished_by_doing_it_again(
    permitted: Asked,
    made: Asked,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(
            returning if step == "make_known" else LandedStore, step, killed
        )
        with pytest.raises(KeyboardInterrupt):
            restore(permitted.home, permitted.keyring)
    restore(permitted.home, permitted.keyring)
    assert stored(permitted) == stored(made)


def test_between_an_answer_and_the_build_nobody_is_lost_sight_of(
    asked: Asked, sent: Sent, tmp_path: Path
) -> None:
    """A corrected file takes the only record that joined a number to what has none.

    The record without a number goes with the build all the same.
    """
    data = asked.answered(tmp_path / "in", {sent.one.number})
    assert load_answer(asked.home, asked.keyring, data).leaving == 1
    month = sent.months(2)[0]
    other = Path(shutil.copytree(month, tmp_path / "corrected" / month.name))
    change(other, MPI, sent.other.local, lambda row: row | {"Gender": "9"})
    assert submit_file(asked.home, asked.keyring, other).rows_kept_out > 1
    assert hold_gate(asked.home, asked.keyring).gone > 0
    query = "select count(*) from landed.iapt_v2_1.ids001mpi where submission_id in "
    first = "(select submission_id from landed.receipts.submission "
    ((left,),) = found(
        asked.home,
        asked.keyring,
        "landed",
        f"{query}{first}where reporting_month = '2025-01-01')",
    )
    assert left == len(rows(sent.months(1)[0], MPI)) - 1


def test_a_home_that_nobody_left_has_nothing_to_restore(made: Asked) -> None:
    before = stored(made)
    done = restore(made.home, made.keyring)
    assert (done.short, done.rows, done.without_copy) == (0, 0, 0)
    assert stored(made) == before


def test_the_commands_lead_the_way(
    half_gone: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The load says who may return and how; the ledger counts, and names nobody."""
    home = ["--home", str(half_gone.home.root)]
    made = make_request(half_gone.home, half_gone.keyring, tmp_path / "out")
    again = Asked(half_gone.home, made, half_gone.keyring)
    data = str(again.answered(tmp_path / "in2"))
    capsys.readouterr()
    assert main(["opt-out", "load", data, *home]) == 1
    assert "opt_out_change" in capsys.readouterr().err
    assert main(["opt-out", "load", data, "--accept-share", *home]) == 0
    said = capsys.readouterr().out
    assert "parity opt-out restore" in said
    assert main(["opt-out", "restore", *home, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    entries = list(half_gone.keyring.ledger().entries())
    facts = [e["facts"] for e in entries if e["event"] == "rows_returned"]
    assert sum(f["rows"] for f in facts if isinstance(f, dict)) == told["rows"] > 0
    assert not any(number in json.dumps(entries) for number in again.numbers())
