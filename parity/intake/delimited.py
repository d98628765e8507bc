"""A submission as a folder with one CSV file per table.

What belongs here: which files are read, and the limits on a folder that a stranger
filled. The text itself is read by `table_text`.
"""

import os
import stat
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from parity.intake.errors import IntakeError
from parity.intake.table_text import ReadTable, read_table
from parity.specification import Specification

# A large provider's month is about 20 MB in all; ten times that is no month.
MOST_BYTES = 256 * 1024 * 1024
MOST_ENTRIES = 1000


def read_folder(path: Path, spec: Specification) -> tuple[dict[str, ReadTable], int]:
    """Official tables by name, and how many entries of the folder are not official.

    Raises:
        IntakeError: a link, a folder or a device inside, more than the limits allow,
            or a file that is no CSV.
    """
    entries = {e.name: partial(_content, e) for e in _entries(path)}
    return read_contents(entries, spec)


def read_contents(
    contents: Mapping[str, Callable[[], bytes]], spec: Specification
) -> tuple[dict[str, ReadTable], int]:
    """The same of files by name; a file's content is asked for when it is official."""
    official = {f"{name}.csv": name for name in spec.tables}
    found: dict[str, ReadTable] = {}
    for entry in sorted(contents.keys() & official.keys()):
        name = official[entry]
        found[name] = read_table(contents[entry](), spec.tables[name])
    return found, len(contents) - len(found)


def check_size(size: int) -> None:
    """Raise IntakeError when the files of a folder hold more bytes than are read."""
    if size > MOST_BYTES:
        raise IntakeError(
            "PARITY-LIMIT", f"the files hold more than {MOST_BYTES >> 20} MB in all"
        )


def _entries(path: Path) -> list[Path]:
    entries = sorted(path.iterdir())
    if len(entries) > MOST_ENTRIES:
        raise IntakeError("PARITY-LIMIT", "the folder holds too many files")
    check_size(sum(_regular_size(entry) for entry in entries))
    return entries


def _regular_size(entry: Path) -> int:
    found = entry.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise IntakeError(
            "PARITY-FOLDER", "the folder holds something else than plain files"
        )
    return found.st_size


def _content(entry: Path) -> bytes:
    # Opened without following links: the entry may have been changed since it was seen.
    descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise IntakeError("PARITY-LIMIT", "a file grew while it was read")
    return content
