"""Asking a package: the side that has the key and starts the locked session.

What belongs here: finding the package and its key, starting parity.access.session as a
child that knows nothing else, and passing on what it writes. The statement and the key
go through pipes: neither stands in an argument or the environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, cast

from parity.access.errors import AccessError
from parity.access.limits import Limits
from parity.access.packages import PACKAGE_FILE, Package, current_package
from parity.access.policy import load_policy
from parity.access.result_formats import FORMATS
from parity.home import Home
from parity.home.unlock import file_key
from parity.publication.errors import PublicationError
from parity.publication.signing import read_manifest
from parity.rewriting import check_finished

# Beyond the statement's own time limit, which the session itself keeps.
_GRACE_SECONDS = 15.0


def query(
    home: Home,
    source: str | Path,
    sql: str,
    form: str = "table",
    *,
    output: BinaryIO | None = None,
    errors: BinaryIO | None = None,
    limits: Limits | None = None,
) -> int:
    """Run one statement over a package in a locked session; returns the exit code.

    source: a role, or the path of a package file of this home. form: table, csv, json
    or parquet. output, errors: standard output and error without.

    0 done; 1 the data (a value does not convert); 2 wrong usage (unknown name, refused,
    too long); 3 us. What failed stands in one line on `errors` and holds no value.
    Raises AccessError before a session starts, HomeError when the key is not to be had
    or a rotation was cut off (rewriting_unfinished).
    """
    if form not in FORMATS:
        raise AccessError(
            "format", f"the formats are: {', '.join(FORMATS)}", exit_code=2
        )
    # After a switch that was cut off a package holds former pseudonyms, or who is gone.
    check_finished(home)
    package = _package_of(home, source)
    key = file_key(home, package.key_name)
    limits = limits or Limits()
    request = {
        "package": str(package.file),
        "sql": sql,
        "format": form,
        "limits": asdict(limits),
    }
    return run_session(
        request,
        key,
        limits.seconds + _GRACE_SECONDS,
        output or sys.stdout.buffer,
        errors or sys.stderr.buffer,
    )


def run_session(
    request: Mapping[str, object],
    key: bytes,
    seconds: float,
    output: BinaryIO,
    errors: BinaryIO,
) -> int:
    """Start the session process, hand it key and request, pass on what it writes.

    seconds: after which it is killed, whatever it does.
    """
    reading, writing = os.pipe()
    os.write(writing, key)
    os.close(writing)
    try:
        child = subprocess.Popen(  # noqa: S603  our own module, no shell
            [sys.executable, "-I", "-m", "parity.access.session", str(reading)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[reading],
            env={"LANG": "C.UTF-8"},
            cwd="/",
        )
    finally:
        os.close(reading)
    timer = threading.Timer(seconds, child.kill)
    timer.start()
    try:
        return _served(child, json.dumps(request).encode("ascii"), output, errors)
    finally:
        timer.cancel()


def _served(
    child: subprocess.Popen[bytes], request: bytes, output: BinaryIO, errors: BinaryIO
) -> int:
    with child:
        # A session that ended early reads no request; what it said tells why.
        with suppress(BrokenPipeError), cast(BinaryIO, child.stdin) as stdin:
            stdin.write(request)
        shutil.copyfileobj(cast(BinaryIO, child.stdout), output)
        output.flush()
        said = cast(BinaryIO, child.stderr).read()
    if child.returncode < 0:
        said = b"the session was ended from outside [killed]\n"
    errors.write(said)
    errors.flush()
    return child.returncode if child.returncode >= 0 else 3


def _package_of(home: Home, source: str | Path) -> Package:
    if isinstance(source, str):
        return current_package(home, source)
    try:
        role = str(read_manifest(source.parent)["package"])
    except (PublicationError, KeyError):
        role = ""
    if source.name != PACKAGE_FILE or role not in load_policy().roles:
        raise AccessError(
            "not_a_package",
            "that is no package file with its manifest beside it",
            exit_code=2,
        )
    return Package(role, source.parent)
