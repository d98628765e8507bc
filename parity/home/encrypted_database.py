"""Encrypted DuckDB files: the one way they are opened, for writing or reading.

What belongs here: the settings without which DuckDB leaks (it spills in clear, loads
any extension that it finds, creates files for everybody), and ATTACH with the key bound
as a parameter, so that no statement text holds it. Imports no dbt, so that everything
may use it. DuckDB's own messages are dropped: they can quote a statement.

Writing encrypted files needs OpenSSL, which DuckDB has in its httpfs extension. It is
loaded by path from the installed package of the same version; DuckDB checks its
signature. Nothing here reaches a network.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_httpfs

from parity.home.environment import check_not_exposed
from parity.home.errors import HomeError
from parity.home.private_files import (
    check_file,
    harden_process,
    make_folder,
    own_path,
)
from pseudonymisation.keys import check_key

_ALIAS = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def connection_config() -> dict[str, Any]:
    """Settings that must stand before a connection opens.

    The extension folder is the installed package's own: an extension that another tool
    left in the user's folder is otherwise loaded in silence.
    """
    return {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        "extension_directory": str(_extension_folder()),
    }


def connect(spill: Path, memory_limit: str = "2GB") -> duckdb.DuckDBPyConnection:
    """An in-memory connection that is ready for `attach_encrypted`.

    spill: folder for what does not fit in memory_limit; its files are encrypted.
    """
    connection = duckdb.connect(":memory:", config=connection_config())
    connection.execute("set memory_limit = ?", [memory_limit])
    secure_connection(connection, spill)
    return connection


def secure_connection(connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
    """Make an open connection fit for encrypted files; opened with connection_config().

    Raises HomeError when the extension does not load or spill stays in clear.
    """
    harden_process()
    # A folder for each connection, which DuckDB makes and removes: two of them in one
    # folder take each other's files, which have the same names everywhere.
    own = own_path(make_folder(spill), "spill")
    connection.execute("set temp_directory = ?", [str(own)])
    connection.execute("set temp_file_encryption = true")
    if _setting(connection, "temp_file_encryption") != "true":
        raise HomeError("spill_in_clear", "DuckDB refuses to encrypt its spill files")
    library = _extension_folder() / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    try:
        connection.execute(f"load {_quoted(library)}")
    except duckdb.Error:
        raise HomeError(
            "no_encryption",
            "the httpfs extension does not load; install duckdb-extension-httpfs of "
            "DuckDB's own version",
        ) from None


def attach_encrypted(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    alias: str,
    key: bytes,
    read_only: bool = False,
) -> None:
    """Attach an encrypted DuckDB file; for writing it is made when it is not there.

    key: 32 bytes. Raises KeyRefused on a weak or missing key, HomeError when the key
    stands in the environment or an argument, when the file is missing (read-only), is
    not ours alone (mode 0600), is not encrypted, or does not open with this key. On any
    of these nothing stays attached.
    """
    check_key(key)
    check_not_exposed(key)
    if not _ALIAS.fullmatch(alias):
        raise HomeError("alias", "a database alias is a lower-case name")
    if read_only or path.exists() or path.is_symlink():
        check_file(path)
    options = "encryption_key $1, read_only" if read_only else "encryption_key $1"
    try:
        # The key is text to DuckDB: 64 hex digits, from which it derives its AES-256
        # key.
        statement = f"attach {_quoted(path)} as {alias} ({options})"
        connection.execute(statement, [key.hex()])
    except duckdb.Error:
        raise HomeError(
            "not_opened",
            f"{path} does not open: wrong key, in use by another process, "
            "damaged, or not an encrypted file",
        ) from None
    try:
        _check_encrypted(connection, alias, path)
    except HomeError:
        connection.execute(f"detach {alias}")
        raise


def _check_encrypted(
    connection: duckdb.DuckDBPyConnection, alias: str, path: Path
) -> None:
    found = connection.execute(
        "select encrypted from duckdb_databases() where database_name = ?", [alias]
    ).fetchone()
    if found != (True,):
        raise HomeError("not_encrypted", f"{path} is not encrypted")
    check_file(path)


def _extension_folder() -> Path:
    return Path(duckdb_extension_httpfs.__file__).parent / "extensions"


def _setting(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    found = connection.execute("select current_setting(?)", [name]).fetchone()
    return str(found[0]).lower() if found else ""


def _quoted(path: Path) -> str:
    """A path as an SQL string: neither LOAD nor ATTACH takes it as a parameter."""
    return "'" + str(path).replace("'", "''") + "'"
