"""A git repository: every object that it holds, reachable or not, and what is beside.

What was committed once stays after it was deleted, and in objects that no branch
reaches. git lists and unpacks all of them; without git the repository is a finding.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from parity.vault.scan.containers import Containers
from parity.vault.scan.detector import Detector, Spot

# An object's content is binary; none of it is a finding for being unknown.
_LIST = (
    "cat-file",
    "--batch-all-objects",
    "--unordered",
    "--buffer",
    "--batch=%(objectname) %(objecttype) %(objectsize)",
)
_OBJECTS = "objects"


def is_repository(folder: Path) -> bool:
    """Whether a folder is where git keeps a repository: `.git`, or a bare one."""
    return (folder / "HEAD").is_file() and (folder / _OBJECTS).is_dir()


def look_at_repository(
    detector: Detector, containers: Containers, folder: Path, spot: Spot
) -> None:
    """Search every object of a repository, and its logs, references and settings.

    folder: where git keeps it.
    """
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = detector.shown(path.relative_to(folder).parts, spot)
        if path.relative_to(folder).parts[0] != _OBJECTS:
            containers.loose(path.read_bytes(), spot.inside(name))
        detector.count_file()
    try:
        for kind, content in _objects(folder):
            containers.loose(content, spot.inside(f"({kind})"))
    except (OSError, ValueError, subprocess.SubprocessError):
        detector.unreadable(spot, "git does not list its objects")


def _objects(folder: Path) -> Iterator[tuple[str, bytes]]:
    command = ("git", "--git-dir", str(folder), *_LIST)
    with subprocess.Popen(  # noqa: S603  fixed arguments, no shell
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/"},
    ) as child:
        assert child.stdout is not None  # noqa: S101  asked for above
        yield from _parsed(child.stdout)
    if child.returncode != 0:
        raise subprocess.SubprocessError


def _parsed(output: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Each object: a line with its name, kind and size, the content, a line end."""
    while header := output.readline():
        _, kind, size = header.split()
        content = output.read(int(size))
        output.read(1)
        yield kind.decode("ascii"), content
