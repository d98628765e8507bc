"""Homes shared by the tests: each is made, filled and built once a session.

What belongs here: fixtures that more than one folder of tests needs. All of them are
synthetic homes below pytest's temporary folder.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sent_twice import send_twice

from parity.home import Home, init, unlock
from parity.home.unlock import Keyring
from parity.intake.slot import Slot
from parity.intake.submit import Receipt, submit
from parity.synthetic import synthesise
from parity.warehouse.build import build

# The intruder report and its fixture `intruder`, for every folder of tests, and the
# homes of the tests of opt-outs, erasure and packages.
pytest_plugins = [
    "pytester",
    "threats.plugin",
    "opt_out_scene",
    "erasure_scene",
    "package_scene",
]

FIXTURES = Path(__file__).parent / "fixtures" / "v2_1"


@dataclass(frozen=True)
class BuiltHome:
    """A home with submissions landed and the warehouse built.

    raw: the folder of the submissions as sent. truth: what is true of them.
    rejected: rows that rules must drop: folder name, table, place in the file from 1.
    sent_twice: a provider that sends referrals of another one again; the truth does not
    tell them.
    """

    home: Home
    raw: Path
    keyring: Keyring = field(repr=False)
    truth: Path
    rejected: frozenset[tuple[str, str, int]] = frozenset()
    sent_twice: str = ""

    @property
    def folders(self) -> list[Path]:
        """The CSV submissions."""
        return sorted(p for p in self.raw.glob("*_*_*") if p.is_dir())

    @property
    def reference(self) -> Path:
        """The reference data that came with the submissions."""
        return self.raw / "reference"


def open_keyring(home: Home) -> Keyring:
    """The keyring of a synthetic home."""
    return unlock.open_keyring(home)


def received_at(slot: Slot) -> datetime:
    """A time of receipt inside the window of a submission's month and kind."""
    days = 25 if slot.kind == "primary" else 55
    return datetime.combine(slot.period_end, datetime.min.time(), UTC) + timedelta(days)


def submit_file(home: Home, keyring: Keyring, path: Path) -> Receipt:
    """Submit one file or folder at the time of its window."""
    return submit(home, path, keyring, received_at(Slot.from_name(path.name)))


def made_home(root: Path, reference: Path | None) -> Home:
    """A synthetic home with its reference data, and nothing submitted."""
    home = init(root, synthetic=True)
    if reference is not None:
        shutil.copytree(reference, home.reference, dirs_exist_ok=True)
    return home


def filled_home(home: Home, paths: list[Path], dropped: int = 0) -> Keyring:
    """Submit files that are all accepted. dropped: how many rows rules drop in all."""
    keyring = open_keyring(home)
    receipts = [submit_file(home, keyring, path) for path in paths]
    assert {receipt.state for receipt in receipts} == {"accepted"}
    assert sum(r.rows_received - r.rows_kept for r in receipts) == dropped
    return keyring


def rejected_rows(path: Path) -> set[tuple[str, str, int]]:
    """The broken rows that the generator added."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (row["submission"], row["table"], int(row["row_number"]))
            for row in csv.DictReader(file)
        }


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> BuiltHome:
    """Three services over the turn of a financial year, with refreshes, built.

    Values are spoiled and broken rows added as real systems do. A fourth service sends
    the referrals of the third again in the last two months.
    """
    raw = tmp_path_factory.mktemp("submissions") / "sent"
    truth = tmp_path_factory.mktemp("truth")
    synthesise(
        raw,
        providers=3,
        first=date(2025, 1, 1),
        last=date(2025, 6, 1),
        referrals_per_month=60,
        refresh=True,
        seed=11,
        defects="high",
        truth=truth,
    )
    rejected = rejected_rows(truth / "defects.csv")
    for month in ("2025-05", "2025-06"):
        rejected |= send_twice(raw, "ZZ3", "ZZ9", month, rejected)
    home = made_home(tmp_path_factory.mktemp("built") / "home", raw / "reference")
    keyring = filled_home(home, sorted(raw.glob("*_*_*")), dropped=len(rejected))
    build(home, keyring)
    return BuiltHome(
        home, raw, keyring, truth / "pathways.csv", frozenset(rejected), "ZZ9"
    )


@pytest.fixture(scope="session")
def fixture_home(tmp_path_factory: pytest.TempPathFactory) -> BuiltHome:
    """The ten Access files of the fixtures, landed and built."""
    home = made_home(tmp_path_factory.mktemp("fixture") / "home", None)
    keyring = filled_home(home, sorted(FIXTURES.glob("*.*db")))
    build(home, keyring)
    return BuiltHome(home, FIXTURES, keyring, FIXTURES / "truth_v2_1.csv")
