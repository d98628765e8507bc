"""The locked session: one statement over one package, in a process of its own.

    python -I -m parity.access.session <descriptor of a pipe that holds the file key>

Started by parity.access.run_query. The request (package, statement, format, limits)
comes on standard input as JSON, rows go to standard output, one value-free sentence to
standard error when something fails. The process ends with the statement.

Three locks, each enough against most attacks alone:

1. Only one statement that reads is run at all (`_only_select`).
2. The engine: external access is off, the local file system is disabled, no extension
   loads, no Python object is found by name, and none of this can be set back. External
   access off is not enough: DuckDB goes on allowing the attached file itself and its
   `.wal`, so that COPY could write beside the package (seen on 1.5.5).
3. The process: no environment worth reading, it may write no file and leave no core.

What stays possible over the engine's lock alone, in memory only: another `:memory:`
database, tables, macros, variables and secrets in it, DETACH, CHECKPOINT of the
read-only file (does nothing). Lock 1 refuses these too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import BinaryIO, TextIO

import duckdb

from parity.access.limits import Limits
from parity.access.refusals import Refusal, refusal_of
from parity.access.result_formats import FORMATS
from parity.home.encrypted_database import attach_encrypted, connection_config
from parity.home.private_files import harden_process
from pseudonymisation.errors import CodedError
from pseudonymisation.keys import KEY_BYTES

_OURS = 3


def open_locked(package: Path, key: bytes, limits: Limits) -> duckdb.DuckDBPyConnection:
    """A connection that reads this package and can reach nothing else.

    Raises HomeError when the file does not open. The package's schemas are on the
    search path. Nothing spills: what does not fit in memory fails.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            **connection_config(),
            "memory_limit": limits.memory,
            "threads": limits.threads,
            "temp_directory": "",
            "python_enable_replacements": "false",
            "python_scan_all_frames": "false",
        },
    )
    attach_encrypted(connection, package, "package", key, read_only=True)
    connection.execute("set search_path = ?", [_search_path(connection)])
    # In this order: switching external access off looks at the attached file.
    connection.execute("set enable_external_access = false")
    connection.execute("set disabled_filesystems = 'LocalFileSystem'")
    connection.execute("set lock_configuration = true")
    return connection


def _search_path(connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute(
        "select distinct schema_name from duckdb_tables() "
        "where database_name = 'package' order by schema_name"
    ).fetchall()
    return ",".join(f"package.{schema}" for (schema,) in rows)


def run(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    form: str,
    seconds: float,
    output: BinaryIO,
) -> None:
    """Run one reading statement and write its rows. Raises Refusal, value-free."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        statement = _only_select(connection, sql)
        FORMATS[form](connection.execute(statement), output)
    except duckdb.Error as error:
        raise refusal_of(error, sql) from None
    finally:
        timer.cancel()


def _only_select(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refusal(
            "one_statement",
            "give one statement; a PIVOT needs its values named: ON column IN (...)",
        )
    if statements[0].type != duckdb.StatementType.SELECT:
        raise Refusal("only_select", "only a statement that reads is run: SELECT ...")
    return statements[0]


def main(descriptor: int, request: TextIO, output: BinaryIO) -> int:
    """Serve the one request; returns the exit code."""
    _harden()
    try:
        with os.fdopen(descriptor, "rb") as pipe:
            key = pipe.read(KEY_BYTES)
        asked = json.load(request)
        limits = Limits(**asked["limits"])
        connection = open_locked(Path(asked["package"]), key, limits)
        run(connection, asked["sql"], asked["format"], limits.seconds, output)
        output.flush()
    except Refusal as refusal:
        return _ended(refusal, refusal.exit_code)
    except CodedError as error:
        return _ended(error, _OURS)
    except Exception as error:  # noqa: BLE001  its words may hold values
        name = type(error).__name__
        return _ended(Refusal("unexpected", f"the session failed ({name})"), _OURS)
    return 0


def _ended(error: CodedError, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _harden() -> None:  # pragma: no cover  cannot be undone: tested in a child
    """This process may make no file: everything that it writes goes into a pipe."""
    harden_process()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":  # pragma: no cover  the child: tests/unit/test_access_query
    sys.exit(main(int(sys.argv[1]), sys.stdin, sys.stdout.buffer))
