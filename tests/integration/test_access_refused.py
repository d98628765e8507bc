"""Access files that cannot be read whole and right are refused, and not quoted."""

import os
import random
from pathlib import Path

import pytest

from parity.intake import access_database, access_header, limited_process
from parity.intake.access_database import _holds_nul
from parity.intake.errors import IntakeError
from parity.intake.limited_process import run_limited
from parity.intake.reader import read_submission
from parity.specification import PROJECT_ROOT, load

FIXTURES = PROJECT_ROOT / "tests" / "fixtures"
GOOD = FIXTURES / "v2_1" / "ZZ1_2025-04_primary.mdb"
PAGE = 4096


def refusal(path: Path, workdir: Path) -> str:
    with pytest.raises(IntakeError) as refused:
        read_submission(path, load(), workdir)
    assert path.name not in str(refused.value)
    return refused.value.code


@pytest.mark.attack(31)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a_truncated.accdb", "PARITY-TRUNCATED"),
        ("b_header_then_noise.mdb", "PARITY-TRUNCATED"),
        ("b_not_a_database.accdb", "PARITY-NOT-ACCESS"),
        ("b_zero_bytes.mdb", "PARITY-NOT-ACCESS"),
        ("b_zip_renamed.mdb", "PARITY-NOT-ACCESS"),
        ("g3_odd_characters.mdb", "PARITY-LETTERS"),
        ("i_password.mdb", "PARITY-PASSWORD"),
    ],
)
def test_broken_files_are_refused(name: str, code: str, tmp_path: Path) -> None:
    assert refusal(FIXTURES / "broken" / name, tmp_path) == code


@pytest.mark.attack(31)
@pytest.mark.parametrize("pages", [2, 20, 60, 100, 140])
def test_a_file_cut_between_two_pages_is_refused(pages: int, tmp_path: Path) -> None:
    cut = tmp_path / "ZZ1_2025-04_primary.mdb"
    cut.write_bytes(GOOD.read_bytes()[: pages * PAGE])

    assert refusal(cut, tmp_path) in ("PARITY-UNREADABLE", "PARITY-TRUNCATED")


@pytest.mark.attack(31)
def test_noise_behind_a_right_first_page_is_refused(tmp_path: Path) -> None:
    noisy = tmp_path / "ZZ1_2025-04_primary.mdb"
    noise = random.Random(7).randbytes(20 * PAGE)  # noqa: S311 - no secret
    noisy.write_bytes(GOOD.read_bytes()[:PAGE] + noise)

    assert refusal(noisy, tmp_path) == "PARITY-UNREADABLE"


@pytest.mark.attack(31)
def test_a_damaged_first_page_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "ZZ1_2025-04_primary.mdb"
    content = bytearray(GOOD.read_bytes())
    content[0x72:0x7A] = os.urandom(8)
    damaged.write_bytes(content)

    assert refusal(damaged, tmp_path) in ("PARITY-NOT-ACCESS", "PARITY-PASSWORD")


@pytest.mark.attack(31)
def test_access_97_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "ZZ1_2025-04_primary.mdb"
    content = bytearray(GOOD.read_bytes())
    content[0x14] = 0
    old.write_bytes(content)

    assert refusal(old, tmp_path) == "PARITY-NOT-ACCESS"


@pytest.mark.attack(30, 31)
def test_a_file_that_is_too_large_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_header, "MOST_BYTES", 10 * PAGE)

    assert refusal(GOOD, tmp_path) == "PARITY-LIMIT"


@pytest.mark.attack(31)
def test_a_nul_inside_a_key_is_seen_although_the_reader_cuts_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fixture holds both faults; with the first test off, the second finds its own.
    monkeypatch.setattr(access_database, "_LOST_LETTER", "not in the file")

    odd = FIXTURES / "broken" / "g3_odd_characters.mdb"
    assert refusal(odd, tmp_path) == "PARITY-NUL"


@pytest.mark.parametrize("text", [b"N+AAA-UL", b"AB+AA", b"caf+AOkAAA-x"])
def test_nul_is_found_in_what_the_reader_writes(text: bytes) -> None:
    assert _holds_nul(text)


@pytest.mark.parametrize("text", [b"caf+AO", b"1+-1", b"+IC4-10P", b"plain", b"+AQA"])
def test_other_letters_are_not_taken_for_nul(text: bytes) -> None:
    assert not _holds_nul(text)


@pytest.mark.attack(31)
def test_missing_rows_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_database._Database, "_row_count", lambda *_: 10_000)

    assert refusal(GOOD, tmp_path) == "PARITY-TRUNCATED"


@pytest.mark.attack(31)
def test_the_reader_sees_no_file_but_its_own(tmp_path: Path) -> None:
    if not limited_process._has_walls():
        pytest.fail("bubblewrap is not usable here: install the package bubblewrap")

    root = run_limited("ls", ["/"], GOOD, tmp_path, {})
    device = run_limited("cat", ["/proc/net/dev"], GOOD, tmp_path, {})

    seen = set(root.output.decode().split())
    assert seen <= {"usr", "bin", "lib", "lib64", "etc", "proc", "dev", "tmp", "input"}
    interfaces = device.output.decode().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]


@pytest.mark.attack(31)
def test_the_environment_does_not_reach_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_HOME", "/somewhere")
    ended = run_limited("env", [], GOOD, tmp_path, {"LC_ALL": "C.UTF-8"})

    names = {line.split(b"=")[0] for line in ended.output.splitlines()}
    assert names <= {b"LC_ALL", b"PWD"}


@pytest.mark.attack(30, 31)
def test_output_and_time_have_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited_process, "_LIMITS", ("--fsize=65536", "--cpu=5"))
    endless = run_limited("yes", [], GOOD, tmp_path, {})
    assert not endless.succeeded
    assert len(endless.output) <= 65536

    monkeypatch.setattr(limited_process, "_SECONDS", 0.3)
    with pytest.raises(IntakeError) as refused:
        run_limited("sleep", ["5"], GOOD, tmp_path, {})
    assert refused.value.code == "PARITY-LIMIT"


def test_without_bubblewrap_the_same_is_read_within_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walled = read_submission(GOOD, load(), tmp_path)
    monkeypatch.setattr(limited_process, "_has_walls", lambda: False)
    bare = read_submission(GOOD, load(), tmp_path)

    assert all(bare.tables[n].equals(rows) for n, rows in walled.tables.items())
    assert bare.notes != walled.notes
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as refused:
        run_limited("mdb-nothing", [], GOOD, tmp_path, {})

    assert "mdb-nothing is not installed" in str(refused.value)
