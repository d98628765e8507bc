"""The generator against the rules: clean data pass, planted defects are found."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from parity.home.reference import Reference
from parity.intake.reader import read_submission
from parity.intake.slot import Slot
from parity.intake.validation import Validation, validate
from parity.specification import load
from parity.synthetic import synthesise

RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
BLANKS = {
    "IDS00111",  # no NHS number
    "IDS00123",  # no postcode
    "IDS10137",  # a discharge without an end code
}
PLACE = ["submission", "table", "row_number"]


def validated(folder: Path, defects: str) -> dict[str, Validation]:
    """What the rules say of every submission of three services over nine months."""
    synthesise(
        folder / "out",
        last=date(2024, 12, 1),
        referrals_per_month=60,
        refresh=True,
        defects=defects,
        truth=folder / "truth",
    )
    reference = Reference.load(folder / "out" / "reference")
    workdir = folder / "work"
    workdir.mkdir()
    return {
        path.name: validate(
            read_submission(path, load(), workdir),
            Slot.from_name(path.name),
            load(),
            reference,
            RECEIVED,
        )
        for path in sorted((folder / "out").glob("ZZ*"))
    }


def failures(found: dict[str, Validation]) -> pl.DataFrame:
    """All failures, with the name of the submission."""
    return pl.concat(
        result.failures.with_columns(submission=pl.lit(name))
        for name, result in found.items()
    )


@pytest.mark.parametrize(
    ("defects", "allowed"),
    [
        ("none", BLANKS),
        ("low", BLANKS | {"IDS60707"}),  # a score out of its range
    ],
)
def test_good_data_lose_no_row(tmp_path: Path, defects: str, allowed: set[str]) -> None:
    """Only what is really blank, or spoiled on purpose, is warned about."""
    found = validated(tmp_path, defects)
    assert len(found) == 3 * (9 + 8)
    fired = failures(found)
    assert set(fired.get_column("level")) == {"warning"}
    assert set(fired.get_column("rule_id")) <= allowed
    for result in found.values():
        assert result.accepted
        assert all(count.received == count.kept for count in result.counts.values())


def test_every_planted_defect_is_found_and_nothing_else_falls(tmp_path: Path) -> None:
    found = validated(tmp_path, "high")
    assert all(result.accepted for result in found.values())
    planted = pl.read_csv(
        tmp_path / "truth" / "defects.csv", schema_overrides={"row_number": pl.Int64}
    )
    fired = failures(found).with_columns(pl.col("row_number").cast(pl.Int64))
    missed = planted.join(fired, on=[*PLACE, "rule_id"], how="anti")
    assert Counter(missed.get_column("rule_id")) == Counter()
    fallen = fired.filter(pl.col("level") != "warning")
    others = fallen.join(planted, on=PLACE, how="anti")
    assert Counter(others.get_column("rule_id")) == Counter()
