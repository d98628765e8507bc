"""Encrypted DuckDB files: never in clear, never open to others, key nowhere in text."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from parity.home import HomeError, encrypted_database
from parity.home.encrypted_database import attach_encrypted, connect
from pseudonymisation.errors import KeyRefused
from pseudonymisation.keys import generate_key

KEY = generate_key()
MARK = "a text to look for, long enough to be unmistakable"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "spill") as opened:
        yield opened


def make(tmp_path: Path, name: str = "file.duckdb") -> Path:
    path = tmp_path / name
    with connect(tmp_path / "spill") as writing:
        attach_encrypted(writing, path, "made", KEY)
        writing.execute("create table made.t as select ? as words", [MARK])
    return path


def test_round_trip(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """What is written is read with the key, also read-only, also by an odd path."""
    path = make(tmp_path, "it's \u00e9.duckdb")
    attach_encrypted(connection, path, "found", KEY, read_only=True)
    assert connection.execute("from found.t").fetchall() == [(MARK,)]
    with pytest.raises(duckdb.Error):
        connection.execute("create table found.u (a int)")


@pytest.mark.attack(13)
def test_file_is_encrypted_and_private(tmp_path: Path) -> None:
    """Mode 0600, and neither the text nor a table's name stands in it."""
    path = make(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert MARK.encode() not in path.read_bytes()
    with duckdb.connect(tmp_path / "clear.duckdb") as clear:
        clear.execute("create table t as select ? as words", [MARK])
    assert MARK.encode() in (tmp_path / "clear.duckdb").read_bytes()


@pytest.mark.attack(8)
def test_wrong_key(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Refused by our words, not the engine's; nothing stays attached."""
    path = make(tmp_path)
    with pytest.raises(HomeError, match="not_opened") as refusal:
        attach_encrypted(connection, path, "found", generate_key())
    assert refusal.value.__cause__ is None
    names = connection.execute("select database_name from duckdb_databases()")
    assert ("found",) not in names.fetchall()


@pytest.mark.attack(15)
@pytest.mark.parametrize("key", [b"", bytes(32), None])
def test_no_key_no_file(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, key: bytes | None
) -> None:
    """Without a key no file appears: not a clear one, not any."""
    path = tmp_path / "new.duckdb"
    with pytest.raises(KeyRefused):
        attach_encrypted(connection, path, "new", key)  # type: ignore[arg-type]
    assert not path.exists()


def test_clear_file_is_refused(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """A file that somebody made without a key is not used as if it had one."""
    path = tmp_path / "clear.duckdb"
    with duckdb.connect(path) as clear:
        clear.execute("create table t (a int)")
    path.chmod(0o600)
    with pytest.raises(HomeError, match="not_opened"):
        attach_encrypted(connection, path, "found", KEY)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000])
def test_damaged_file_is_refused(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, content: bytes
) -> None:
    """Empty, or something else."""
    path = tmp_path / "damaged.duckdb"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(HomeError, match="not_opened"):
        attach_encrypted(connection, path, "found", KEY)


@pytest.mark.parametrize("place", [0, 1 << 13, -1])
def test_altered_or_cut_file_is_refused(tmp_path: Path, place: int) -> None:
    """One bit turned, or the end cut off: no data come out."""
    path = make(tmp_path)
    content = bytearray(path.read_bytes())
    altered = content[:-4096]
    if place >= 0:
        content[place + 100] ^= 1
        altered = content
    path.write_bytes(bytes(altered))
    with pytest.raises((HomeError, duckdb.Error)) as refusal:
        _read_words(path, tmp_path / "spill")
    assert MARK not in str(refusal.value)


def _read_words(path: Path, spill: Path) -> object:
    with connect(spill) as reading:
        attach_encrypted(reading, path, "found", KEY, read_only=True)
        return reading.execute("from found.t").fetchall()


@pytest.mark.attack(13)
def test_file_that_others_may_read_is_refused(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """Mode 0600 or not at all."""
    path = make(tmp_path)
    path.chmod(0o640)
    with pytest.raises(HomeError, match="mode"):
        attach_encrypted(connection, path, "found", KEY)


def test_missing_file_is_not_made_for_reading(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """Reading nothing is an error, not a new file."""
    with pytest.raises(HomeError, match="missing"):
        attach_encrypted(connection, tmp_path / "none.duckdb", "n", KEY, read_only=True)
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "none.duckdb")
    with pytest.raises(HomeError, match="not_a_file"):
        attach_encrypted(connection, tmp_path / "link.duckdb", "n", KEY)
    assert not (tmp_path / "none.duckdb").exists()


def test_engine_that_ignores_the_key_is_caught(
    tmp_path: Path,
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were a file attached in clear all the same, it is detached and refused."""
    real = encrypted_database._quoted
    clear = tmp_path / "clear.duckdb"
    # The statement is bent so that DuckDB attaches without a key: what dbt would do.
    monkeypatch.setattr(
        encrypted_database,
        "_quoted",
        lambda path: f"{real(path)} as new; select $1 --",
    )
    with pytest.raises(HomeError, match="not_encrypted"):
        attach_encrypted(connection, clear, "new", KEY)
    names = connection.execute("select database_name from duckdb_databases()")
    assert ("new",) not in names.fetchall()


@pytest.mark.attack(28)
@pytest.mark.parametrize("alias", ["", "W", "a b", "a;b", "1a", 'a"'])
def test_alias_is_a_name(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, alias: str
) -> None:
    """The one part of the statement that is neither bound nor quoted."""
    with pytest.raises(HomeError, match="alias"):
        attach_encrypted(connection, tmp_path / "new.duckdb", alias, KEY)


@pytest.mark.attack(8)
def test_key_stands_in_no_surface_of_the_engine(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """Query log, settings, list of databases: the log is on and sees the statement."""
    connection.execute("call enable_logging('QueryLog')")
    path = make(tmp_path)
    attach_encrypted(connection, path, "found", KEY, read_only=True)
    log = str(connection.execute("select message from duckdb_logs").fetchall())
    assert "encryption_key $1" in log
    settings = str(connection.execute("from duckdb_settings()").fetchall())
    databases = str(connection.execute("from duckdb_databases()").fetchall())
    assert KEY.hex() not in log + settings + databases


@pytest.mark.attack(9)
def test_spill_is_encrypted(tmp_path: Path) -> None:
    """A sort that does not fit in memory leaves nothing readable; in clear it would."""
    assert not _spilled(tmp_path / "encrypted", encrypted=True)
    assert _spilled(tmp_path / "clear", encrypted=False)


def _spilled(folder: Path, encrypted: bool) -> bool:
    """Whether the marked text can be read in the spill files of a large sort."""
    folder.mkdir()
    with connect(folder, memory_limit="60MB") as sorting:
        sorting.execute(f"set temp_file_encryption = {encrypted}")
        sorting.execute("set threads = 1")
        # Rows that compression cannot fold: each carries its own number as well.
        rows = sorting.execute(
            "select ? || md5(i::varchar) || i as words from range(1_500_000) as r(i) "
            "order by md5((i * 7)::varchar)",
            [MARK],
        )
        rows.fetchmany(10)
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files, "nothing was spilled: the test proves nothing"
        return any(MARK.encode() in path.read_bytes() for path in files)


@pytest.mark.attack(12)
def test_extensions_are_not_fetched_or_found(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Autoload, autoinstall, community extensions, kept secrets: all off."""
    found = dict(
        connection.execute("select name, value from duckdb_settings()").fetchall()
    )
    for name in (
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "allow_community_extensions",
        "allow_persistent_secrets",
        "allow_unsigned_extensions",
    ):
        assert found[name] == "false", name


def test_missing_extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library there is no encryption, and so no connection."""
    monkeypatch.setattr(encrypted_database, "_extension_folder", lambda: tmp_path)
    with pytest.raises(HomeError, match="no_encryption"):
        connect(tmp_path / "spill")
