"""A sealed copy holds what was sent and follows nothing; content names a submission."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from parity.intake.seal import content_id, opened_copy, seal_copy
from parity.intake.slot import Slot
from pseudonymisation.errors import EnvelopeRefused

KEY = secrets.token_bytes(32)
APRIL = Slot.from_name("ZZ1_2025-04_primary")


def names(sealed: Path) -> list[str]:
    with opened_copy(sealed, KEY, sealed.parent) as submission:
        files = submission.iterdir() if submission.is_dir() else [submission]
        return sorted(file.name for file in files)


@pytest.mark.attack(30)
def test_a_folder_is_sealed_without_what_is_no_plain_file(tmp_path: Path) -> None:
    folder = tmp_path / "ZZ1_2025-04_primary"
    (folder / "below").mkdir(parents=True)
    (folder / "IDS000Header.csv").write_text("DatSetVer\n")
    (tmp_path / "secret").write_text("not sent")
    (folder / "IDS001MPI.csv").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "IDS002GP.csv")
    submission = uuid4()
    copy = tmp_path / f"{submission}.sealed"
    seal_copy(folder, copy, KEY, submission)
    assert names(copy) == ["IDS000Header.csv"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_an_access_file_comes_back_under_its_name(tmp_path: Path) -> None:
    file = tmp_path / "ZZ1_2025-04_primary.mdb"
    file.write_bytes(b"anything")
    submission = uuid4()
    copy = tmp_path / f"{submission}.sealed"
    seal_copy(file, copy, KEY, submission)
    assert names(copy) == ["ZZ1_2025-04_primary.mdb"]


def test_a_copy_opens_for_its_own_submission_only(tmp_path: Path) -> None:
    file = tmp_path / "ZZ1_2025-04_primary.mdb"
    file.write_bytes(b"anything")
    copy = tmp_path / f"{uuid4()}.sealed"
    seal_copy(file, copy, KEY, uuid4())
    with pytest.raises(EnvelopeRefused):
        names(copy)


def frames(*values: str | None) -> dict[str, pl.DataFrame]:
    return {"IDS001MPI": pl.DataFrame({"Gender": values}, schema={"Gender": pl.String})}


@pytest.mark.attack(33)
def test_the_same_rows_are_the_same_submission() -> None:
    assert content_id(frames("1"), APRIL, KEY) == content_id(frames("1"), APRIL, KEY)


@pytest.mark.attack(33, control=True)
@pytest.mark.parametrize(
    ("rows", "slot", "key"),
    [
        pytest.param(frames("2"), APRIL, KEY, id="another value"),
        pytest.param(frames(None), APRIL, KEY, id="no value"),
        pytest.param(frames("1", "1"), APRIL, KEY, id="another row"),
        pytest.param(
            frames("1"), Slot.from_name("ZZ1_2025-04_refresh"), KEY, id="refresh"
        ),
        pytest.param(frames("1"), APRIL, secrets.token_bytes(32), id="another key"),
    ],
)
def test_anything_else_is_another_submission(
    rows: dict[str, pl.DataFrame], slot: Slot, key: bytes
) -> None:
    assert content_id(rows, slot, key) != content_id(frames("1"), APRIL, KEY)


def test_no_value_and_the_empty_text_are_not_the_same() -> None:
    assert content_id(frames(None), APRIL, KEY) != content_id(frames(""), APRIL, KEY)
