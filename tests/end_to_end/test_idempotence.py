"""The same submissions give the same warehouse: twice, after a crash, in any order.

Homes whose digests are compared hold the same keys: each is a copy of one empty home.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from conftest import filled_home, made_home, open_keyring, submit_file
from dying import DIED
from dying_submit import INSIDE_LANDING, STEPS

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import Keyring
from parity.synthetic import synthesise
from parity.warehouse.build import build
from parity.warehouse.connections import reading
from parity.warehouse.digest import table_digests

HERE = Path(__file__).parent
BROKEN = HERE.parent / "fixtures" / "broken"
SEALED = ("identifier", "batch")
# The tests of dbt are left out: what is compared is what the models make.
MODELS = "resource_type:model resource_type:seed"
CRASHES = [
    *((step, "before") for step in STEPS | INSIDE_LANDING),
    *((step, "after") for step in STEPS | INSIDE_LANDING if step != "land"),
]


@dataclass(frozen=True)
class Scene:
    """Two services, two months, refreshes. empty: a home without submissions."""

    empty: Home
    paths: list[Path]
    folder: Path

    def home(self, name: str) -> Home:
        """A copy of the empty home, with its keys."""
        root = self.folder / name
        shutil.copytree(self.empty.root, root)
        return Home.find(root)


@dataclass(frozen=True)
class Filled:
    """A home with every submission landed, and built."""

    home: Home
    keyring: Keyring = field(repr=False)

    def digests(self) -> dict[str, dict[str, str]]:
        return {
            **stored_digests(self.home, self.keyring),
            "warehouse": warehouse_digests(self.home, self.keyring),
        }


def stored_digests(home: Home, keyring: Keyring) -> dict[str, dict[str, str]]:
    """Digests of the landed store and the vault.

    What the vault seals differs by nature, each batch having a key of its own: its
    tokens stand for it.
    """
    files = {"landed": home.landed_file, "vault": home.vault_file}
    connection = connect(home.spill)
    try:
        for alias, path in files.items():
            key = keyring.key(alias)
            attach_encrypted(connection, path, alias, key, read_only=True)
        found = {a: table_digests(connection, a, keyring.key("receipt")) for a in files}
        sealed = {name: found["vault"].pop(f"main.{name}") for name in SEALED}
        assert all(sealed.values())
        tokens = connection.execute(
            "select token, domain, provider from vault.identifier order by all"
        ).fetchall()
        return found | {"tokens": {"count": str(len(tokens)), "all": repr(tokens)}}
    finally:
        connection.close()


def warehouse_digests(home: Home, keyring: Keyring) -> dict[str, str]:
    """Digests of what dbt built."""
    with reading(home, warehouse=keyring.key("warehouse")) as connection:
        return table_digests(connection, "warehouse", keyring.key("receipt"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("idempotence")
    sent = folder / "sent"
    months = {"first": date(2025, 1, 1), "last": date(2025, 2, 1)}
    synthesise(sent, providers=2, referrals_per_month=15, refresh=True, **months)
    empty = made_home(folder / "empty", sent / "reference")
    return Scene(empty, sorted(sent.glob("*_*_*")), folder)


@pytest.fixture(scope="module")
def filled(scene: Scene) -> Filled:
    """The home that the others are compared with."""
    home = scene.home("filled")
    keyring = filled_home(home, scene.paths)
    build(home, keyring, select=MODELS)
    return Filled(home, keyring)


@pytest.mark.attack(33)
def test_what_comes_again_changes_nothing(scene: Scene, filled: Filled) -> None:
    before = filled.digests()
    states = [submit_file(filled.home, filled.keyring, p).state for p in scene.paths]
    build(filled.home, filled.keyring, select=MODELS)
    assert set(states) == {"replayed"}
    assert filled.digests() == before


@pytest.mark.attack(34)
@pytest.mark.parametrize(
    ("file", "state"),
    [
        pytest.param("h_empty_mpi.mdb", "rejected", id="rejected"),
        pytest.param("a_truncated.accdb", "quarantined", id="unreadable"),
    ],
)
def test_what_is_not_accepted_changes_nothing(
    filled: Filled, tmp_path: Path, file: str, state: str
) -> None:
    before = filled.digests()
    sent = tmp_path / f"ZZ1_2025-04_primary{Path(file).suffix}"
    shutil.copyfile(BROKEN / file, sent)
    assert submit_file(filled.home, filled.keyring, sent).state == state
    assert filled.digests() == before


@pytest.mark.attack(33)
def test_another_order_of_arrival_gives_the_same_warehouse(
    scene: Scene, filled: Filled
) -> None:
    home = scene.home("reversed")
    keyring = filled_home(home, scene.paths[::-1])
    build(home, keyring, select=MODELS)
    assert warehouse_digests(home, keyring) == filled.digests()["warehouse"]


@pytest.fixture(scope="module")
def all_but_one(scene: Scene) -> Filled:
    """A home in which the last submission still waits to land."""
    home = scene.home("crashed")
    return Filled(home, filled_home(home, scene.paths[:-1]))


Dying = Callable[[str, str], None]


@pytest.fixture
def die(scene: Scene, all_but_one: Filled) -> Dying:
    def die(step: str, when: str) -> None:
        program = [sys.executable, HERE / "dying_submit.py", all_but_one.home.root]
        done = subprocess.run(
            [*program, scene.paths[-1], step, when], check=False, capture_output=True
        )
        assert done.returncode == DIED

    return die


@pytest.mark.attack(34)
@pytest.mark.parametrize(("step", "when"), CRASHES)
def test_a_crash_lands_nothing(
    all_but_one: Filled, die: Dying, step: str, when: str
) -> None:
    before = stored_digests(all_but_one.home, all_but_one.keyring)
    die(step, when)
    after = stored_digests(all_but_one.home, all_but_one.keyring)
    assert after["landed"] == before["landed"]


@pytest.mark.attack(34)
def test_after_the_crashes_the_same_is_landed(
    scene: Scene, filled: Filled, all_but_one: Filled
) -> None:
    home, keyring = all_but_one.home, all_but_one.keyring
    left_behind = [path for path in home.spill.rglob("*") if path.is_file()]
    assert left_behind == []
    assert submit_file(home, keyring, scene.paths[-1]).state == "accepted"
    assert stored_digests(home, keyring) == stored_digests(filled.home, filled.keyring)


@pytest.mark.attack(34)
def test_a_crash_after_the_receipt_has_landed_everything(
    scene: Scene, filled: Filled
) -> None:
    """The receipt is the commit point: what dies after it is landed, and comes again
    as a replay."""
    home = scene.home("crashed late")
    keyring = filled_home(home, scene.paths[:-1])
    program = [sys.executable, HERE / "dying_submit.py", home.root]
    done = subprocess.run([*program, scene.paths[-1], "land", "after"], check=False)
    expected = stored_digests(filled.home, filled.keyring)

    assert done.returncode == DIED
    assert stored_digests(home, keyring) == expected
    assert submit_file(home, keyring, scene.paths[-1]).state == "replayed"
    assert stored_digests(home, keyring) == expected


@pytest.mark.attack(33, 34, control=True)
def test_the_digest_sees_a_submission_less(filled: Filled, scene: Scene) -> None:
    home = scene.home("one less")
    keyring = filled_home(home, scene.paths[1:])
    landed = stored_digests(home, keyring)["landed"]
    assert landed != stored_digests(filled.home, filled.keyring)["landed"]
    assert open_keyring(home).key("receipt") == filled.keyring.key("receipt")
