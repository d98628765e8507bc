"""Encrypted copies of submissions, and the name that their content gives them.

What belongs here: the keyed identifier of a submission's content, and sealing the files
as they came. The identifier is keyed because it leaves the landing zone: an unkeyed
digest of identifying content must not stand anywhere.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import polars as pl

from parity.home.private_files import read_private, write_private
from parity.intake.slot import Slot
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keyed_hash import pseudonym

# The readers refuse larger files; AES-GCM seals a copy in memory.
LARGEST_COPY = 1 << 30

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


@contextmanager
def opened_copy(path: Path, keys: Sequence[bytes], workdir: Path) -> Iterator[Path]:
    """The submission of a sealed copy, in clear below workdir while it is needed.

    keys: tried one after the other. workdir: a folder of the landing zone.
    Raises EnvelopeRefused when no key opens it.
    """
    content = _unsealed(read_private(path), keys, _context(path.stem))
    with tempfile.TemporaryDirectory(dir=workdir) as folder:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(folder, filter="data")
        files = list(Path(folder).iterdir())
        is_one_file = [file.suffix.lower() for file in files] in _ACCESS_FILE
        yield files[0] if is_one_file else Path(folder)


def _unsealed(sealed: bytes, keys: Sequence[bytes], context: bytes) -> bytes:
    for key in keys[:-1]:
        with suppress(EnvelopeRefused):
            return unseal(key, sealed, context)
    return unseal(keys[-1], sealed, context)


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
