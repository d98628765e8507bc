"""Encrypted copies of submissions, and the name that their content gives them.

What belongs here: the keyed identifier of a submission's content, and sealing the files
as they came. The identifier is keyed because it leaves the landing zone: an unkeyed
digest of identifying content must not stand anywhere.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import polars as pl

from parity.home import HomeError
from parity.home.private_files import (
    make_folder,
    own_path,
    read_private,
    write_private,
)
from parity.intake.slot import Slot
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keyed_hash import pseudonym
from pseudonymisation.keys import check_key

# The readers refuse larger files; AES-GCM seals a copy in memory.
LARGEST_COPY = 1 << 30

# Copies in clear stand in folders of this name, which end with their process.
OPENED = "opened"

_ACCESS_FILE = ([".mdb"], [".accdb"])


def content_id(tables: Mapping[str, pl.DataFrame], slot: Slot, key: bytes) -> UUID:
    """Identifier of a submission: the same rows for the same slot, the same identifier.

    It is made of what was read, not of the file's bytes, so an Access file and a CSV
    folder with the same rows are the same submission. key: the home's receipt key.
    """
    digest = hashlib.sha256()
    for name in sorted(tables):
        rows = tables[name].write_csv(quote_style="non_numeric").encode()
        digest.update(encode("table", name, rows))
    return UUID(bytes=pseudonym(key, "submission", slot.name, digest.digest()))


def seal_copy(path: Path, target: Path, key: bytes, submission_id: UUID) -> None:
    """Write an encrypted copy of a file or folder, bound to its submission.

    key: that of its month. Nothing is written in clear on the way.
    """
    sealed = seal(key, _packed(path), _context(str(submission_id)))
    write_private(target, sealed)


def copied_files(path: Path, key: bytes) -> dict[str, bytes]:
    """The files of a sealed copy by their names in it, in memory.

    Raises EnvelopeRefused when it does not open.
    """
    content = unseal(key, read_private(path), _context(path.stem))
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            opened = archive.extractfile(member)
            if opened is not None:
                files[member.name] = opened.read()
    return files


def is_sealed_with(key: bytes, path: Path) -> bool:
    """Whether a key is the one that a copy is sealed with."""
    try:
        unseal(key, read_private(path), _context(path.stem))
    except EnvelopeRefused:
        return False
    return True


def seal_anew(path: Path, key: bytes, new_key: bytes) -> None:
    """Seal a copy with another key, in its place. Raises EnvelopeRefused."""
    context = _context(path.stem)
    content = unseal(check_key(key), read_private(path), context)
    write_private(path, seal(check_key(new_key), content, context))


def is_one_file(names: Iterable[str]) -> bool:
    """Whether a copy with these files is of one Access file, not of a folder."""
    return [Path(name).suffix.lower() for name in names] in _ACCESS_FILE


@contextmanager
def opened_copy(path: Path, key: bytes, workdir: Path) -> Iterator[Path]:
    """The submission of a sealed copy, in clear below workdir while it is needed.

    workdir: a folder of the landing zone. Raises EnvelopeRefused when it does not open.
    """
    files = copied_files(path, key)
    folder = make_folder(own_path(workdir, OPENED))
    try:
        for name, content in files.items():
            target = folder / name
            if not target.resolve().is_relative_to(folder.resolve()):
                raise HomeError("sealed_name", "a sealed copy names a file outside")
            make_folder(target.parent)
            write_private(target, content)
        yield folder / next(iter(files)) if is_one_file(files) else folder
    finally:
        shutil.rmtree(folder)


def _context(copy_id: str) -> bytes:
    return encode("sealed-submission", copy_id)


def _packed(path: Path) -> bytes:
    """The file, or the folder's plain files: a tar archive without owners and times.

    Folders below are kept with what is in them. Links and pipes are left out: they are
    no content, and following them would read what was not sent.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file, name in _files(path):
            content = _content(file)
            if content is not None:
                member = tarfile.TarInfo(name)
                member.mode = 0o600
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Every entry below a folder with its name in it, no link followed; or the file."""
    if path.is_symlink() or not path.is_dir():
        yield path, path.name
        return
    for folder, _, names in sorted(os.walk(path, followlinks=False)):
        for name in sorted(names):
            file = Path(folder) / name
            yield file, str(file.relative_to(path))


def _content(path: Path) -> bytes | None:
    """The first bytes of a plain file; None for anything that is not one."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(LARGEST_COPY)
