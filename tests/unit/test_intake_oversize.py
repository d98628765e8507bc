"""What is far too large is set aside whole, sealed, and in little memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from parity.home import Home, init
from parity.home.keyring import Keyring
from parity.home.unlock import open_keyring
from parity.intake import delimited, seal
from parity.intake.errors import IntakeError
from parity.intake.inbox import quarantine, set_aside
from parity.intake.seal import copied_names, opened_copy, seal_anew, seal_copy
from parity.intake.sealed_copies import key_of_copy, read_copy, sealed_copies
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal as seal_whole
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keys import generate_key

GIB = 1 << 30
MIB = 1 << 20

# Sets aside under a bound on its memory: what a folder or file far above it is read by.
_BOUNDED = """
import resource, sys
from pathlib import Path
from uuid import uuid4
from parity.home import Home
from parity.home.unlock import open_keyring
from parity.intake.inbox import quarantine
from parity.intake.submit import submit
from parity.vault.custodians import appointed

home = Home.find(Path(sys.argv[1]))
keyring = open_keyring(home)
appointed(home, keyring)
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
path = Path(sys.argv[2])
if path.is_dir():
    print(submit(home, path, keyring).reason)
else:
    quarantine(home, keyring, path, "no name of a submission")
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return init(tmp_path / "home", synthetic=True)


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


def sparse(path: Path, size: int) -> Path:
    """A file of nothing that takes no room; its last byte says that it is whole."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size - 1)
        file.write(b"x")
    return path


def set_aside_bounded(home: Home, path: Path, spare: int) -> str:
    """In a process of its own with so many bytes beyond what its imports take."""
    program = [sys.executable, "-c", _BOUNDED, home.root, path, str(spare)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout


@pytest.mark.attack(30)
def test_a_folder_above_a_gibibyte_is_set_aside_whole(
    home: Home, keyring: Keyring
) -> None:
    """Not one byte less, under a bound on memory that is half of it."""
    folder = home.landing_inbox / "ZZ1_2025-04_primary"
    sparse(folder / "IDS001MPI.csv", GIB + 1)
    assert "PARITY-LIMIT" in set_aside_bounded(home, folder, GIB // 2)
    assert not folder.exists()
    (copy,) = sealed_copies(home.landing_quarantine)
    key = key_of_copy(keyring, copy)
    assert copied_names(copy, key) == {"IDS001MPI.csv": GIB + 1}


@pytest.mark.attack(30)
def test_a_file_of_any_name_is_sealed_in_little_memory(
    home: Home, keyring: Keyring
) -> None:
    """Never moved as it is: no identifier lies in the quarantine in clear."""
    path = sparse(home.landing_inbox / "backup of everything.accdb", 300 * MIB)
    set_aside_bounded(home, path, 150 * MIB)
    assert not path.exists()
    (copy,) = sealed_copies(home.landing_quarantine)
    assert {file.suffix for file in copy.parent.iterdir()} == {".sealed", ".txt"}
    with opened_copy(copy, key_of_copy(keyring, copy), home.landing_inbox) as file:
        assert file.stat().st_size == 300 * MIB
        with file.open("rb") as opened:
            opened.seek(-1, 2)
            assert opened.read() == b"x"


def test_sealed_anew_part_by_part(home: Home, keyring: Keyring, tmp_path: Path) -> None:
    """As an erasure does with the others of a month; altered it stays as it was."""
    path = sparse(tmp_path / "ZZ1_2025-04_primary.mdb", 5_000_000)
    set_aside(home, keyring, path, "why", uuid4(), datetime.now(UTC))
    (copy,) = sealed_copies(home.landing_quarantine)
    former, fresh = key_of_copy(keyring, copy), generate_key()
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1])
    with pytest.raises(EnvelopeRefused):
        seal_anew(copy, former, fresh)
    assert copy.read_bytes() == whole[:-1]
    copy.write_bytes(whole)
    seal_anew(copy, former, fresh)
    with pytest.raises(EnvelopeRefused):
        copied_names(copy, former)
    assert copied_names(copy, fresh) == {path.name: 5_000_000}


@pytest.mark.parametrize("cut", [1, 500, 1_100_000, 2_500_000])
def test_a_copy_that_was_cut_off_is_not_opened(tmp_path: Path, cut: int) -> None:
    """Also where only padding is missing; and nothing stays of it in clear."""
    key, name = generate_key(), uuid4()
    path = sparse(tmp_path / "ZZ1_2025-04_primary.mdb", 3_000_000)
    copy = tmp_path / f"{name}.sealed"
    seal_copy(path, copy, key, name)
    copy.write_bytes(copy.read_bytes()[:-cut])
    landing = tmp_path / "landing"
    landing.mkdir(mode=0o700)
    with pytest.raises(EnvelopeRefused), opened_copy(copy, key, landing):
        pass
    assert list(landing.iterdir()) == []


def test_a_file_that_shrinks_while_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is still arriving: it stays where it is, and half a copy is no copy."""
    path = sparse(tmp_path / "ZZ1_2025-04_primary.mdb", 3_000_000)
    copy = tmp_path / "copy.sealed"
    added = seal._add

    def shrinking(*arguments: object) -> None:
        path.open("r+b").truncate(1000)
        added(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(seal, "_add", shrinking)
    with pytest.raises(IntakeError, match="PARITY-ARRIVING"):
        seal_copy(path, copy, generate_key(), uuid4())
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_copies_of_an_earlier_parity_open(tmp_path: Path) -> None:
    """They were one envelope each."""
    key, name = generate_key(), uuid4()
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "IDS001MPI.csv").write_text("one\n")
    copy = tmp_path / f"{name}.sealed"
    seal_copy(folder, copy, key, name)
    with seal._opening(copy, key) as parts:
        content = b"".join(parts)
    context = encode("sealed-submission", str(name))
    copy.write_bytes(seal_whole(key, content, context))
    assert seal.copied_files(copy, key) == {"IDS001MPI.csv": b"one\n"}
    assert seal.is_sealed_with(key, copy)
    assert not seal.is_sealed_with(generate_key(), copy)


def test_what_fits_is_read(
    home: Home, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of a copy is that of a folder."""
    assert delimited.MOST_BYTES < GIB
    folder = tmp_path / "ZZ1_2025-04_primary"
    folder.mkdir()
    (folder / "IDS001MPI.csv").write_text("LocalPatientId\nP1\n")
    quarantine(home, keyring, Path(shutil.copytree(folder, tmp_path / "x")), "why")
    (copy,) = sealed_copies(home.landing_quarantine)
    assert read_copy(home, keyring, copy).tables["IDS001MPI"].height == 1
    monkeypatch.setattr(delimited, "MOST_BYTES", 10)
    with pytest.raises(IntakeError, match="PARITY-LIMIT"):
        read_copy(home, keyring, copy)
