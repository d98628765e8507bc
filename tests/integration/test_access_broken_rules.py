"""Broken submissions get the rules that we expect, and answers without their values."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from parity.home.reference import Reference
from parity.intake.answer import write_answer
from parity.intake.errors import IntakeError
from parity.intake.reader import RawSubmission, read_submission
from parity.intake.slot import Slot
from parity.intake.validation import Validation, validate
from parity.specification import PROJECT_ROOT, load

FIXTURES = PROJECT_ROOT / "tests" / "fixtures"
SLOT = Slot.from_name("ZZ1_2025-04_primary")
VALIDATED = sorted((FIXTURES / "broken").glob("[c-h]*/"))
SECRET_CLASSES = ("D", "K")
# Shorter keys, such as the number of a pause, also stand in any page of numbers.
SHORTEST = 5


def expectations(submission: str) -> set[tuple[str, str, str, tuple[int, ...]]]:
    with (FIXTURES / "broken" / "expected_rules.csv").open(encoding="utf-8") as stream:
        return {
            (r["rule_id"], r["level"], r["table"], tuple(map(int, r["rows"].split())))
            for r in csv.DictReader(stream)
            if r["submission"] == submission
        }


def validated(raw: RawSubmission) -> Validation:
    received = datetime(2025, 9, 1, tzinfo=UTC)
    return validate(raw, SLOT, load(), Reference.empty(), received)


@pytest.mark.parametrize(
    "folder",
    [folder for folder in VALIDATED if not folder.name.startswith("g3")],
    ids=lambda folder: folder.name,
)
def test_each_broken_submission_breaks_the_expected_rules(
    folder: Path, tmp_path: Path
) -> None:
    validation = validated(read_submission(folder, load(), tmp_path))

    found = (
        validation.failures.filter(~pl.col("cascade"))
        .group_by("rule_id", "level", "table")
        .agg(pl.col("row_number").drop_nulls().sort())
    )
    assert {(*row[:3], tuple(row[3])) for row in found.iter_rows()} == expectations(
        folder.name
    )
    levels = {level for _, level, _, _ in expectations(folder.name)}
    assert validation.accepted is ("file" not in levels)


def test_the_expectations_cover_every_broken_submission() -> None:
    for folder in VALIDATED:
        assert folder.name.startswith("g3") or expectations(folder.name)


def test_padded_codes_break_no_rule_and_are_normalised(tmp_path: Path) -> None:
    raw = read_submission(FIXTURES / "broken" / "g2_bad_records", load(), tmp_path)
    sent = raw.tables["IDS201CareContact"]
    padded = sent.filter(pl.col("AppType").is_in(["2 ", " 2"]))
    kept = validated(raw).kept["IDS201CareContact"]

    assert padded.height == 2
    normal = kept.join(padded.select("row_number"), on="row_number")
    assert normal.get_column("AppType").to_list() == ["02", "02"]


def secrets(raw: RawSubmission) -> Iterator[str]:
    """Keys, identifiers and days of a submission, long enough to be looked for."""
    for table in load().tables.values():
        for field in table.fields:
            if field.identifier_class in SECRET_CLASSES or field.type == "date":
                values = raw.tables[table.name].get_column(field.name).drop_nulls()
                # The period is the slot; an answer may say its days.
                if table.name != "IDS000Header":
                    yield from (v for v in values if len(v) >= SHORTEST)


def found_in(texts: Iterable[str], values: Iterable[str]) -> set[str]:
    whole = "\n".join(texts)
    return {value for value in set(values) if value in whole}


@pytest.mark.attack(1)
@pytest.mark.parametrize(
    "folder",
    [
        *sorted((FIXTURES / "v2_1").glob("*/")),
        *(folder for folder in VALIDATED if not folder.name.startswith("g3")),
    ],
    ids=lambda folder: folder.name,
)
def test_no_value_stands_in_an_answer(folder: Path, tmp_path: Path) -> None:
    raw = read_submission(folder, load(), tmp_path)
    validation = validated(raw)
    paths = write_answer(validation, SLOT, load(), tmp_path, "reference", "rejected")

    texts = [path.read_text(encoding="utf-8") for path in vars(paths).values()]
    values = set(secrets(raw))
    assert len(values) > 50
    assert found_in(texts, values) == set()
    # The search finds what it looks for.
    planted = sorted(values)[0]
    assert found_in([*texts, f"<p>{planted}</p>"], values) == {planted}


@pytest.mark.attack(1)
def test_no_value_stands_in_what_is_said_of_a_refused_file(tmp_path: Path) -> None:
    odd = FIXTURES / "broken" / "g3_odd_characters"
    keys = []
    with (odd / "IDS001MPI.csv").open(encoding="utf-8", newline="") as stream:
        keys = [row[0] for row in csv.reader(stream)][1:]
    said = []
    for path in (odd, odd.with_suffix(".mdb")):
        with pytest.raises(IntakeError) as refused:
            read_submission(path, load(), tmp_path)
        said.append(f"{refused.value} {refused.value.args} {refused.value.__cause__}")

    assert found_in(said, (key for key in keys if len(key) >= SHORTEST)) == set()


def test_letters_that_only_access_loses_are_read_from_a_folder(tmp_path: Path) -> None:
    """The odd keys, without the one with a NUL, stay as many people as they are."""
    odd = FIXTURES / "broken" / "g3_odd_characters"
    folder = tmp_path / "ZZ1_2025-04_primary"
    folder.mkdir()
    for file in odd.iterdir():
        (folder / file.name).write_bytes(file.read_bytes().replace(b"\0", b""))

    raw = read_submission(folder, load(), tmp_path)
    keys = raw.tables["IDS001MPI"].get_column("LocalPatientId")
    validation = validated(raw)
    assert keys.n_unique() == keys.len() == 26
    assert validation.accepted
    kept = validation.kept["IDS001MPI"].get_column("LocalPatientId")
    assert kept.to_list() == keys.to_list()
