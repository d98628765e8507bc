"""Runs a program that reads hostile input, with as little around it as there can be.

What belongs here: the walls. The program gets one file to read, no network, a home of
nothing, bounded memory, time and output, and no environment but what is named here.
What it prints stays in memory (a memfd), never on disk, and is only bytes to us.

Walls: prlimit (util-linux) always; bubblewrap (namespaces, read-only view of /usr) when
it is installed and the machine lets it work.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from parity.intake.errors import IntakeError

MOST_OUTPUT = 512 * 1024 * 1024
_LIMITS = (
    "--as=1073741824",
    "--cpu=60",
    f"--fsize={MOST_OUTPUT}",
    "--core=0",
    "--nofile=64",
)
_SECONDS = 120
_INSIDE = "/input"
_WALLS = (
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--clearenv",
    *("--ro-bind", "/usr", "/usr"),
    *("--symlink", "usr/bin", "/bin"),
    *("--symlink", "usr/lib", "/lib"),
    *("--symlink", "usr/lib64", "/lib64"),
    *("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
    *("--proc", "/proc"),
    *("--dev", "/dev"),
    # A memory file system of its own, which ends with the process.
    *("--tmpfs", "/tmp"),  # noqa: S108
    *("--chdir", "/tmp"),  # noqa: S108
)


@dataclass(frozen=True)
class Finished:
    """What a limited program left: its output, its complaints, and whether it ended."""

    output: bytes
    complaints: bytes
    succeeded: bool


def run_limited(
    program: str,
    arguments: Sequence[str],
    file: Path,
    workdir: Path,
    environment: Mapping[str, str],
) -> Finished:
    """Run a program over one file; "{file}" in the arguments is where it finds it.

    workdir: an empty folder of ours, the working directory where there are no walls.

    Raises:
        IntakeError: the program is not installed, or did not end in time.
    """
    command = _command(program, arguments, file.resolve(), environment)
    with _memory_file("output") as output, _memory_file("complaints") as complaints:
        try:
            # No shell; the programs are ours to name, the arguments are ours.
            ended = subprocess.run(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=output.fileno(),
                stderr=complaints.fileno(),
                env=dict(environment),
                cwd=workdir,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise IntakeError("PARITY-LIMIT", "reading took too long") from None
        return Finished(
            output=_written(output),
            complaints=_written(complaints),
            succeeded=ended.returncode == 0,
        )


def isolation() -> str:
    """How the reading process is kept apart on this machine, in a sentence."""
    if _has_walls():
        return "read in a process without network, within limits (bubblewrap)"
    return "read in a process within limits; bubblewrap is not at hand"


def _command(
    program: str, arguments: Sequence[str], file: Path, environment: Mapping[str, str]
) -> list[str]:
    limits = [_installed("prlimit"), *_LIMITS, "--"]
    if not _has_walls():
        return [*limits, _installed(program), *_placed(arguments, str(file))]
    settings = [part for item in environment.items() for part in ("--setenv", *item)]
    bind = ("--ro-bind", str(file), _INSIDE)
    walls = [_installed("bwrap"), *_WALLS, *settings, *bind, "--"]
    return [*limits, *walls, _installed(program), *_placed(arguments, _INSIDE)]


def _placed(arguments: Sequence[str], file: str) -> list[str]:
    return [file if argument == "{file}" else argument for argument in arguments]


def _installed(program: str) -> str:
    found = shutil.which(program, path="/usr/bin:/bin")
    if found is None:
        raise IntakeError(
            "PARITY-PROGRAM", f"the program {program} is not installed on this machine"
        )
    return found


@cache
def _has_walls() -> bool:
    """Whether bubblewrap is installed and may make namespaces here."""
    bubblewrap = shutil.which("bwrap", path="/usr/bin:/bin")
    if bubblewrap is None:
        return False
    trial = subprocess.run(  # noqa: S603
        [bubblewrap, *_WALLS, "--", "/usr/bin/true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={},
        timeout=_SECONDS,
        check=False,
    )
    return trial.returncode == 0


def _memory_file(name: str) -> BinaryIO:
    return os.fdopen(os.memfd_create(name), "w+b")


def _written(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()
