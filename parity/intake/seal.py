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
from typing import IO, cast
from uuid import UUID

import polars as pl

from parity.home import HomeError
from parity.home.private_files import (
    check_file,
    make_folder,
    own_path,
    writing_private,
)
from parity.intake.errors import IntakeError
from parity.intake.slot import Slot
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import unseal
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keyed_hash import pseudonym
from pseudonymisation.keys import check_key
from pseudonymisation.sealed_parts import FORM, PART_BYTES, PartsWriter, unseal_parts

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

    key: that of its month. Whole, whatever its size, and in constant memory; nothing is
    written in clear on the way. Raises IntakeError for a file that changes meanwhile.
    """
    with _sealing(target, key, str(submission_id)) as sealed:
        _pack(path, sealed)


def copied_names(path: Path, key: bytes) -> dict[str, int]:
    """The files of a sealed copy: their names in it and their sizes in bytes.

    All of it is read, in constant memory. Raises EnvelopeRefused.
    """
    return {member.name: member.size for member, _ in _members(path, key)}


def copied_files(path: Path, key: bytes) -> dict[str, bytes]:
    """The files of a sealed copy by their names in it, in memory.

    Raises EnvelopeRefused when it does not open.
    """
    return {member.name: file.read() for member, file in _members(path, key)}


def is_sealed_with(key: bytes, path: Path) -> bool:
    """Whether a key is the one that a copy is sealed with, by its first part."""
    try:
        with _opening(path, key) as parts:
            next(parts)
    except EnvelopeRefused:
        return False
    return True


def seal_anew(path: Path, key: bytes, new_key: bytes) -> None:
    """Seal a copy with another key, in its place. Raises EnvelopeRefused."""
    with (
        _opening(path, key) as parts,
        _sealing(path, new_key, path.stem) as sealed,
    ):
        for part in parts:
            sealed.write(part)


def is_one_file(names: Iterable[str]) -> bool:
    """Whether a copy with these files is of one Access file, not of a folder."""
    return [Path(name).suffix.lower() for name in names] in _ACCESS_FILE


@contextmanager
def opened_copy(path: Path, key: bytes, workdir: Path) -> Iterator[Path]:
    """The submission of a sealed copy, in clear below workdir while it is needed.

    workdir: a folder of the landing zone. Raises EnvelopeRefused when it does not open.
    """
    folder = make_folder(own_path(workdir, OPENED))
    try:
        names = []
        for member, file in _members(path, key):
            target = folder / member.name
            if not target.resolve().is_relative_to(folder.resolve()):
                raise HomeError("sealed_name", "a sealed copy names a file outside")
            make_folder(target.parent)
            with writing_private(target) as plain:
                shutil.copyfileobj(file, plain, PART_BYTES)
            names.append(member.name)
        yield folder / names[0] if is_one_file(names) else folder
    finally:
        shutil.rmtree(folder)


def _context(copy_id: str) -> bytes:
    return encode("sealed-submission", copy_id)


@contextmanager
def _sealing(target: Path, key: bytes, copy_id: str) -> Iterator[PartsWriter]:
    """Seals what is written to it into a file, whole or not at all."""
    with writing_private(target) as file:
        sealed = PartsWriter(file.write, key, _context(copy_id))
        yield sealed
        sealed.close()


@contextmanager
def _opening(path: Path, key: bytes) -> Iterator[Iterator[bytes]]:
    """The parts of a sealed copy, opened one after the other."""
    check_key(key)
    with check_file(path).open("rb") as file:
        if file.peek(1)[:1] == FORM:
            yield unseal_parts(file.read, key, _context(path.stem))
        else:  # sealed as one, by an earlier Parity
            yield iter([unseal(key, file.read(), _context(path.stem))])


def _members(path: Path, key: bytes) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Each file of a sealed copy, to be read before the next is asked for."""
    with _opening(path, key) as parts:
        stream = _Stream(parts)
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                opened = archive.extractfile(member)
                if opened is not None:
                    yield member, opened
        # A copy that was cut off is seen at its last part only.
        while stream.read(PART_BYTES):
            pass


class _Stream(io.RawIOBase):
    """Parts as something to read from."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        """So many bytes, fewer at the end; never all at once."""
        while len(self._held) < size and (part := next(self._parts, b"")):
            self._held += part
        given, self._held = self._held[:size], self._held[size:]
        return given


def _pack(path: Path, sealed: PartsWriter) -> None:
    """The file, or the folder's plain files: a tar archive without owners and times.

    Folders below are kept with what is in them. Links and pipes are left out: they are
    no content, and following them would read what was not sent.
    """
    # A stream of tar asks for nothing but `write`.
    stream = cast("IO[bytes]", sealed)
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        for file, name in _files(path):
            with _opened(file) as content:
                if content is not None:
                    member = tarfile.TarInfo(name)
                    member.mode = 0o600
                    member.size = os.fstat(content.fileno()).st_size
                    _add(archive, member, content)


def _add(archive: tarfile.TarFile, member: tarfile.TarInfo, content: IO[bytes]) -> None:
    try:
        archive.addfile(member, content)
    except OSError as error:
        if error.errno is not None:  # the disk's; a file that ends early has none
            raise
        raise IntakeError(
            "PARITY-ARRIVING", "the submission changed while it was copied; try again"
        ) from None


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Every entry below a folder with its name in it, no link followed; or the file."""
    if path.is_symlink() or not path.is_dir():
        yield path, path.name
        return
    for folder, _, names in sorted(os.walk(path, followlinks=False)):
        for name in sorted(names):
            file = Path(folder) / name
            yield file, str(file.relative_to(path))


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | None]:
    """A plain file to read; None for anything that is not one."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    with os.fdopen(descriptor, "rb") as file:
        yield file if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
