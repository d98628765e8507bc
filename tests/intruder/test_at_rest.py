"""What a thief of a disk has: files that open with their key, whole, or not at all.

Every kind of file that a home encrypts, each with a wrong key, without one, cut short
and with one bit turned; and what a process that was killed leaves beside them.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from canaries import canary_home, canary_needles
from plants import FILE_KEY

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.private_files import own_path, remove_left_over
from parity.home.secret import SecretBytes
from parity.home.unlock import Keyring, open_keyring
from parity.intake.seal import OPENED, copied_files, opened_copy, seal_copy
from parity.intake.sealed_copies import SEALED, key_name
from parity.intake.submit import submit
from parity.vault.identifier_scan import run_check_identifiers, scan_folders
from parity.vault.scan.needles import Needles, Secret
from pseudonymisation.errors import CodedError

# One bit of each of so many places, evenly over a file.
PLACES = 12


@dataclass(frozen=True)
class Sealed:
    """A file of a home, and the way to read all that is in it with a key."""

    path: Path
    key: bytes
    read: Callable[[Path, bytes], object]


@dataclass(frozen=True)
class Scene:
    home: Home
    needles: Needles
    files: dict[str, Sealed]


KINDS = ("landed", "vault", "warehouse", "package", "sealed copy", "keyring")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    home, submission = canary_home(tmp_path_factory.mktemp("rest"))
    keyring = open_keyring(home)
    submit(home, submission, keyring)
    files = {
        "landed": Sealed(home.landed_file, keyring.key("landed"), _read_database),
        "vault": Sealed(home.vault_file, keyring.key("vault"), _read_database),
    }
    package = keyring.generate("package:researcher", "file")
    for name, path, key in (
        ("warehouse", home.warehouse_file, keyring.key("warehouse")),
        ("package", home.packages / "package.duckdb", package),
    ):
        _write_database(path, key)
        files[name] = Sealed(path, key, _read_database)
    (copy,) = home.landing_sealed.rglob(SEALED)
    month = key_name(copy.parent.name)
    files["sealed copy"] = Sealed(copy, keyring.key(month), _read_copy)
    passphrase = home.synthetic_passphrase_file.read_bytes().strip()
    files["keyring"] = Sealed(home.keyring_file, passphrase, _read_keyring)
    return Scene(home, canary_needles(submission), files)


def _write_database(path: Path, key: bytes) -> None:
    with connect(path.with_name("spill")) as connection:
        attach_encrypted(connection, path, "made", key)
        connection.execute(
            "create table made.t as select md5(i::varchar) as words, i "
            "from range(20000) as r(i)"
        )


def _read_database(path: Path, key: bytes) -> object:
    with connect(path.with_name("spill")) as connection:
        attach_encrypted(connection, path, "read", key, read_only=True)
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'read' order by all"
        ).fetchall()
        assert tables
        return [
            connection.execute(
                f'select * from read."{s}"."{t}" order by all'
            ).fetchall()
            for s, t in tables
        ]


def _read_copy(path: Path, key: bytes) -> object:
    return copied_files(path, key)


def _read_keyring(path: Path, passphrase: bytes) -> object:
    root = path.parent.parent
    keyring = Keyring.open(Home(root=root, kind="synthetic"), SecretBytes(passphrase))
    return [keyring.key(name) for name in keyring.names()]


def _copy(scene: Scene, kind: str, folder: Path) -> tuple[Sealed, Path]:
    """The file once more under its own name, beside nothing."""
    sealed = scene.files[kind]
    folder = folder / "home" / "vault"
    folder.mkdir(mode=0o700, parents=True)
    path = folder / sealed.path.name
    path.write_bytes(sealed.path.read_bytes())
    path.chmod(0o600)
    return sealed, path


@pytest.mark.parametrize("kind", KINDS)
def test_with_its_key_a_file_opens(scene: Scene, tmp_path: Path, kind: str) -> None:
    """The control of all that follows."""
    sealed, path = _copy(scene, kind, tmp_path)
    sealed.read(path, sealed.key)


@pytest.mark.attack(9, 10)
@pytest.mark.parametrize("kind", KINDS)
def test_with_another_key_or_none_it_is_refused(
    scene: Scene, tmp_path: Path, kind: str
) -> None:
    sealed, path = _copy(scene, kind, tmp_path)
    for key in (secrets.token_bytes(32), sealed.key[::-1], b"", bytes(32)):
        with pytest.raises(CodedError) as refused:
            sealed.read(path, key)
        assert sealed.key.hex() not in str(refused.value)
        assert refused.value.__cause__ is None


def cut(content: bytes, number: int) -> bytes:
    """The first so many of twelve parts; the last of them lacks one byte."""
    length = len(content) * (number + 1) // PLACES
    return content[: min(length, len(content) - 1)]


def turned(content: bytes, number: int) -> bytes:
    altered = bytearray(content)
    altered[number * len(content) // PLACES] ^= 1
    return bytes(altered)


@pytest.mark.attack(9, 10)
@pytest.mark.parametrize("alter", [cut, turned])
@pytest.mark.parametrize("kind", KINDS)
def test_altered_it_is_refused_or_the_same(
    scene: Scene,
    tmp_path: Path,
    kind: str,
    alter: Callable[[bytes, int], bytes],
    intruder: Any,
) -> None:
    """No other content ever comes out. What nothing stands in may change: the end of a
    line, a page that is free."""
    sealed, path = _copy(scene, kind, tmp_path)
    content, whole = path.read_bytes(), sealed.read(path, sealed.key)
    refused = 0
    for number in range(PLACES):
        path.write_bytes(alter(content, number))
        refusal, read = _outcome(sealed, path)
        refused += refusal is not None
        assert refusal is not None or read == whole
        # a page of data: the words are DuckDB's own, and hold no value
        assert sealed.key.hex() not in str(refusal)
        assert "Cn7" not in str(refusal)
    assert refused >= PLACES // 3
    intruder.tried(PLACES, 0, PLACES, "altered files that gave other content")


def _outcome(sealed: Sealed, path: Path) -> tuple[Exception | None, object]:
    try:
        return None, sealed.read(path, sealed.key)
    except (CodedError, duckdb.Error) as refusal:
        return refusal, None


@pytest.mark.attack(8)
def test_the_engines_own_log_holds_no_key_of_ours(tmp_path: Path) -> None:
    """Written to a folder while a file is attached and read."""
    log = tmp_path / "log"
    path = _logged(log, tmp_path)
    attach = f"attach '{path.with_name('other.duckdb')}' as other"
    assert _keys_found(log, tmp_path) == []
    # the control: the key in the statement, as DuckDB's documentation shows it
    _logged(log, tmp_path, f"{attach} (encryption_key '{FILE_KEY.hex()}')")
    assert _keys_found(log, tmp_path) == ["a key"]


def _logged(log: Path, folder: Path, *statements: str) -> Path:
    """The file that was attached while all statements went into a log."""
    path = folder / "logged.duckdb"
    connection = connect(folder / "spill")
    connection.execute(
        "call enable_logging('QueryLog', storage = 'file', storage_path = $1)",
        [str(log)],
    )
    attach_encrypted(connection, path, "logged", FILE_KEY)
    for statement in ("select 1", *statements):
        connection.execute(statement)
    connection.close()
    assert any(file.stat().st_size for file in log.rglob("*.csv"))
    return path


def _keys_found(log: Path, folder: Path) -> list[str]:
    secret = Secret("a key", FILE_KEY)
    needles = Needles((), (), (), (), (), secrets=(secret,))
    found = scan_folders([log], folder / "spill", needles).findings
    return sorted({finding.kind for finding in found})


# --- what a killed process leaves -----------------------------------------------------

_WRITE_AND_DIE = """
import os, sys
from pathlib import Path
import duckdb
from parity.home.encrypted_database import attach_encrypted, connect
path, spill, way = sys.argv[1:]
key = sys.stdin.buffer.read()
if way == "clear":
    connection = duckdb.connect()
    connection.execute(f"attach '{path}' as planted")
else:
    connection = connect(Path(spill))
    attach_encrypted(connection, Path(path), "planted", key)
connection.execute("create table planted.marked as select 'Cn7' || 'INTHELOG' as words")
os._exit(0)
"""


@pytest.mark.attack(9, 10)
@pytest.mark.parametrize("way", ["encrypted", "clear"])
def test_the_log_of_a_database_is_encrypted(tmp_path: Path, way: str) -> None:
    """In clear, the control, the table's name and its row can be read in it."""
    path = tmp_path / "planted.duckdb"
    subprocess.run(
        [sys.executable, "-c", _WRITE_AND_DIE, path, tmp_path / "spill", way],
        input=FILE_KEY,
        check=True,
    )
    log = path.with_name("planted.duckdb.wal").read_bytes()
    assert (b"marked" in log, b"INTHELOG" in log) == ((way == "clear"),) * 2


_UNPACK_AND_DIE = """
import os, signal, sys
from pathlib import Path
from parity.intake.seal import opened_copy
sealed, landing = map(Path, sys.argv[1:])
with opened_copy(sealed, sys.stdin.buffer.read(), landing):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.attack(10)
def test_what_a_killed_check_left_unpacked_is_removed_by_the_next(
    scene: Scene, tmp_path: Path
) -> None:
    """A sealed Access file is unpacked to be read; kill -9 leaves it so."""
    key = scene.files["sealed copy"].key
    landing = scene.home.landing_inbox.parent
    access = tmp_path / "ZZ1_2025-04_primary.mdb"
    access.write_bytes(b"Cn7 as good as an Access file")
    sealed = tmp_path / "0d9c1f1e-0000-4000-8000-000000000000.sealed"
    seal_copy(access, sealed, key, sealed.stem)  # type: ignore[arg-type]
    subprocess.run(
        [sys.executable, "-c", _UNPACK_AND_DIE, sealed, landing], input=key, check=False
    )
    assert [p.name for p in landing.glob(f"{OPENED}-*/*")] == [access.name]
    run_check_identifiers(scene.home, open_keyring(scene.home), limit_per_field=1)
    assert list(landing.glob(f"{OPENED}-*")) == []


@pytest.mark.attack(10)
def test_a_sealed_folder_is_never_unpacked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check reads it in memory; nothing of the landing zone changes."""
    monkeypatch.setattr("parity.intake.sealed_copies.opened_copy", None)
    report = run_check_identifiers(
        scene.home, open_keyring(scene.home), limit_per_field=1
    )
    assert report.submissions == 1


def test_what_a_living_process_has_unpacked_stays(scene: Scene, tmp_path: Path) -> None:
    key = scene.files["sealed copy"].key
    with opened_copy(scene.files["sealed copy"].path, key, tmp_path) as folder:
        remove_left_over(tmp_path, OPENED)
        assert any(folder.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_a_process_with_the_number_of_another_is_told_apart(tmp_path: Path) -> None:
    """Numbers come again; the time when a process began does not."""
    own = own_path(tmp_path, "spill")
    own.mkdir()
    earlier = tmp_path / f"spill-{os.getpid()}-1-1"
    earlier.mkdir()
    named_alike = tmp_path / "spill-of-somebody"
    named_alike.mkdir()
    assert own_path(tmp_path, "spill") != own
    with suppress(FileNotFoundError):
        earlier.rmdir()
        pytest.fail("what a process of another time left is still there")
    assert {p.name for p in tmp_path.iterdir()} == {own.name, named_alike.name}
