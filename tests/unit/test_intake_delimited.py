"""CSV folders: what is read, and what a hostile folder meets."""

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.intake import delimited
from parity.intake.errors import IntakeError
from parity.intake.reader import RawSubmission, read_submission
from parity.specification import PROJECT_ROOT, load

GOOD = PROJECT_ROOT / "tests" / "fixtures" / "v2_1" / "ZZ1_2025-04_primary"
SECRET = "9990000018"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good submission to be spoiled."""
    return Path(shutil.copytree(GOOD, tmp_path / "ZZ1_2025-04_primary"))


@pytest.fixture
def read(folder: Path, tmp_path: Path) -> Callable[[], RawSubmission]:
    """Reads the folder as it then is."""
    return lambda: read_submission(folder, load(), tmp_path)


def refusal(read: Callable[[], RawSubmission]) -> str:
    with pytest.raises(IntakeError) as refused:
        read()
    assert SECRET not in str(refused.value)
    return refused.value.code


@pytest.mark.attack(30, control=True)
def test_rows_are_text_as_sent_and_numbered_from_one(
    read: Callable[[], RawSubmission],
) -> None:
    raw = read()

    people = raw.tables["IDS001MPI"]
    assert people.height == 34
    assert people.get_column("row_number").to_list() == list(range(1, 35))
    assert people.row(0, named=True)["PersonBirthDate"] == "1954-08-06"
    assert raw.tables["IDS105OnwardReferral"].height == 0
    assert raw.missing_tables == raw.missing_columns == ()
    assert raw.unexpected_tables == 0


def test_empty_fields_are_null_and_blanks_stay(
    folder: Path, read: Callable[[], RawSubmission]
) -> None:
    (folder / "IDS007DisabilityType.csv").write_text(
        'LocalPatientId,DisabCode\n"P1 ",""\nP2, 5\n', encoding="utf-8"
    )

    rows = read().tables["IDS007DisabilityType"]
    assert rows.get_column("LocalPatientId").to_list() == ["P1 ", "P2"]
    assert rows.get_column("DisabCode").to_list() == [None, " 5"]


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(
    folder: Path, read: Callable[[], RawSubmission]
) -> None:
    before = read()
    for file in folder.iterdir():
        content = file.read_bytes().replace(b"\n", b"\r\n")
        file.write_bytes(b"\xef\xbb\xbf" + content)

    after = read()
    assert all(after.tables[name].equals(rows) for name, rows in before.tables.items())


def test_columns_may_stand_in_any_order(
    folder: Path, read: Callable[[], RawSubmission]
) -> None:
    before = read().tables["IDS001MPI"]
    file = folder / "IDS001MPI.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = [record[::-1] for record in csv.reader(stream)]
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)

    assert read().tables["IDS001MPI"].equals(before)


@pytest.mark.attack(28)
def test_what_is_not_official_is_counted_and_not_read(
    folder: Path, read: Callable[[], RawSubmission]
) -> None:
    (folder / f"{SECRET}.csv").write_bytes(b"\0\xff not even text")
    (folder / "Thumbs.db").write_bytes(b"\0")
    file = folder / "IDS007DisabilityType.csv"
    file.write_text(
        f"LocalPatientId,=cmd|{SECRET},DisabCode,DisabCode\nP1,{SECRET},05,06\n",
        encoding="utf-8",
    )

    raw = read()
    assert raw.unexpected_tables == 2
    assert raw.unexpected_columns == {"IDS007DisabilityType": 2}
    assert SECRET not in repr(raw)
    assert raw.tables["IDS007DisabilityType"].get_column("DisabCode").to_list() == [
        "05"
    ]


def test_what_is_missing_is_named(
    folder: Path, read: Callable[[], RawSubmission]
) -> None:
    (folder / "IDS202CareActivity.csv").unlink()
    (folder / "IDS007DisabilityType.csv").write_text(
        "LocalPatientId\nP1\n", encoding="utf-8"
    )

    raw = read()
    assert raw.missing_tables == ("IDS202CareActivity",)
    assert raw.missing_columns == (("IDS007DisabilityType", "DisabCode"),)


@pytest.mark.attack(30)
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"LocalPatientId,DisabCode\nP1,\xff\xfe\n", "PARITY-ENCODING"),
        ("LocalPatientId,DisabCode\nP1,05\n".encode("utf-16"), "PARITY-NUL"),
        (b"LocalPatientId,DisabCode\nP\x001,05\n", "PARITY-NUL"),
        (f"LocalPatientId,DisabCode\n{SECRET}\n".encode(), "PARITY-CSV"),
        (f"LocalPatientId,DisabCode\nP1,05,{SECRET}\n".encode(), "PARITY-CSV"),
        (f'LocalPatientId,DisabCode\n"{SECRET}'.encode(), "PARITY-CSV"),
        (f'LocalPatientId,DisabCode\n"P1"{SECRET},05\n'.encode(), "PARITY-CSV"),
        (b"LocalPatientId,DisabCode\n" + b"x" * 200_000 + b",05\n", "PARITY-CSV"),
        (b"", "PARITY-CSV"),
    ],
    ids=["bytes", "utf16", "nul", "short", "long", "unclosed", "after", "huge", "none"],
)
def test_text_that_cannot_be_read_whole_is_refused(
    folder: Path, read: Callable[[], RawSubmission], content: bytes, code: str
) -> None:
    (folder / "IDS007DisabilityType.csv").write_bytes(content)

    assert refusal(read) == code


@pytest.mark.attack(30)
def test_links_folders_and_devices_are_refused(
    folder: Path, read: Callable[[], RawSubmission]
) -> None:
    entry = folder / "IDS007DisabilityType.csv"
    entry.unlink()
    entry.symlink_to("/etc/passwd")
    assert refusal(read) == "PARITY-FOLDER"
    entry.unlink()
    entry.mkdir()
    assert refusal(read) == "PARITY-FOLDER"
    entry.rmdir()
    os.mkfifo(entry)
    assert refusal(read) == "PARITY-FOLDER"


@pytest.mark.attack(30)
def test_a_link_to_a_submission_is_refused(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "ZZ1_2025-05_primary"
    link.symlink_to(folder)

    assert refusal(lambda: read_submission(link, load(), tmp_path)) == "PARITY-LINK"
    assert (
        refusal(lambda: read_submission(tmp_path / "x", load(), tmp_path))
        == "PARITY-FILE"
    )


@pytest.mark.attack(30)
def test_too_much_is_refused(
    read: Callable[[], RawSubmission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MOST_ENTRIES", 20)
    assert refusal(read) == "PARITY-LIMIT"
    monkeypatch.undo()
    monkeypatch.setattr(delimited, "MOST_BYTES", 1000)
    assert refusal(read) == "PARITY-LIMIT"
