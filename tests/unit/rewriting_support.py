"""A landed store of three people, filled by hand, to be written anew.

What belongs here: the home, its rows, and the check that nothing was changed.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import pytest

from parity.home import Home, init
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.keyring import Keyring
from parity.home.unlock import open_keyring
from parity.rewriting import Copy, engine, rewrite
from parity.rewriting.journal import journal_file
from parity.specification import load
from parity.warehouse.landed import LandedStore
from pseudonymisation.errors import CodedError

SPECIFICATION = load("2.1")
PERSONS, REFERRALS = "iapt_v2_1.ids001mpi", "iapt_v2_1.ids101referral"
PEOPLE = [(uuid4(), uuid4()) for _ in range(3)]  # patient, person


def rewriting_home(tmp_path: Path) -> Home:
    """A synthetic home with a landed store and nothing else."""
    home = init(tmp_path / "home", synthetic=True)
    keyring = open_keyring(home)
    key = keyring.key("landed")
    with LandedStore.open(home.landed_file, key, home.spill, SPECIFICATION):
        pass
    with landed(home, key) as connection:
        submission = uuid4()
        for number, (patient, person) in enumerate(PEOPLE, start=1):
            for table, columns, values in (
                (PERSONS, "localpatientid, nationalpersonid", [patient, person]),
                (REFERRALS, "localpatientid", [patient]),
            ):
                marks = ", ".join("?" for _ in values)
                connection.execute(
                    f"insert into landed.{table} (submission_id, row_number, {columns})"
                    f" values (?, ?, {marks})",
                    [submission, number, *values],
                )
        connection.execute("insert into landed.receipts.parity_meta values (1)")
    return home


def landed(home: Home, key: bytes) -> duckdb.DuckDBPyConnection:
    connection = connect(home.spill)
    attach_encrypted(connection, home.landed_file, "landed", key)
    return connection


def persons(home: Home, keyring: Keyring) -> list[tuple[UUID, UUID]]:
    with landed(home, keyring.key("landed")) as connection:
        return connection.execute(
            f"select localpatientid, nationalpersonid from landed.{PERSONS} "
            "order by row_number"
        ).fetchall()


def check_unchanged(home: Home, keyring: Keyring) -> None:
    assert persons(home, keyring) == PEOPLE
    assert keyring.version("landed") == keyring.version("epoch") == 1
    assert "pre_active" not in {record.state for record in keyring.records()}
    assert not journal_file(home).exists()
    assert [path.name for path in home.landed_file.parent.iterdir()] == [
        "landed.duckdb"
    ]


def refused(code: str, home: Home, keyring: Keyring, transform: Copy) -> None:
    """The rewriting raises this code and changes nothing."""
    with pytest.raises(CodedError) as error:
        rewrite(home, keyring, {"landed": transform}, "test", keys=("epoch",))
    assert error.value.code == code
    check_unchanged(home, keyring)


class CutOff(Exception):
    """The power goes."""


def cut_off(home: Home, keyring: Keyring, step: str) -> None:
    """A rewriting under the reason `epoch` that ends before the switch, or just at it.

    step: `filled` or `switching`; its journal stays behind, as after a power cut.
    """
    names = ("fill", "roll_back") if step == "filled" else ("roll_forward",)

    def ended(*_: object, **__: object) -> None:
        raise CutOff

    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(engine, name, ended)
        with pytest.raises(CutOff):
            rewrite(home, keyring, {"landed": Copy()}, "epoch", keys=("epoch",))
    assert journal_file(home).exists()
