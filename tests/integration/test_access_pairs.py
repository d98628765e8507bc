"""Each Access file and its CSV twin give the same raw tables."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from parity.home.reference import Reference
from parity.intake.reader import read_submission
from parity.intake.slot import Slot
from parity.intake.validation import validate
from parity.specification import PROJECT_ROOT, load

FIXTURES = PROJECT_ROOT / "tests" / "fixtures"
GOOD = sorted((FIXTURES / "v2_1").glob("*.*db"))
BROKEN = sorted(
    file for file in (FIXTURES / "broken").glob("[c-h]*.mdb") if file.name[0:2] != "g3"
)
# Blanks that the good set holds on purpose; nothing else may fire without reference.
EXPECTED_WARNINGS = {"IDS00111", "IDS00123", "IDS00129"}


@pytest.mark.attack(31, control=True)
@pytest.mark.parametrize("file", [*GOOD, *BROKEN], ids=lambda file: file.name)
def test_twins_are_equal(file: Path, tmp_path: Path) -> None:
    access = read_submission(file, load(), tmp_path)
    folder = read_submission(file.with_suffix(""), load(), tmp_path)

    for name, rows in folder.tables.items():
        assert access.tables[name].equals(rows), name
    assert access.missing_tables == folder.missing_tables
    assert access.missing_columns == folder.missing_columns
    assert access.unexpected_tables == folder.unexpected_tables
    assert access.unexpected_columns == folder.unexpected_columns


def test_there_are_ten_pairs() -> None:
    assert len(GOOD) == 10
    assert all(file.with_suffix("").is_dir() for file in GOOD)


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_good_submissions_are_kept_whole(file: Path, tmp_path: Path) -> None:
    raw = read_submission(file.with_suffix(""), load(), tmp_path)
    received = datetime(2025, 8, 1, tzinfo=UTC)
    slot = Slot.from_name(file.name)
    validation = validate(raw, slot, load(), Reference.empty(), received)

    assert validation.accepted
    assert set(validation.failures.get_column("rule_id")) <= EXPECTED_WARNINGS
    assert all(count.received == count.kept for count in validation.counts.values())
