"""No build, package or publication without a fresh check of everybody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from conftest import submit_file
from opted_out import Asked, Sent, asking_home, found

from orchestration.resources import HomeResource
from orchestration.run import dagster_instance
from orchestration.transformation import warehouse
from parity.access import build_package
from parity.cli.main import main
from parity.home.errors import OptOutError
from parity.home.standing import _check_standing, check_standing, note_built
from parity.publication import publish_month
from parity.vault.opt_out import gate
from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer
from parity.warehouse.build import build

WEEK = timedelta(days=7)


def stopped(asked: Asked) -> str:
    """The code with which the gate stops a build, before dbt is started."""
    with pytest.raises(OptOutError) as caught:
        build(asked.home, asked.keyring)
    assert not asked.home.warehouse_file.exists()
    return caught.value.code


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
