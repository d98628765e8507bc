"""Files and what is inside them: text, archives, compressed data, pickles, databases.

What belongs here: telling by its first bytes what something is, and opening it. A
file's name decides nothing, except where a format has no mark of its own. What nobody
taught this module to open is reported as unknown; its bytes are searched all the same.
"""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import mmap
import os
import pickletools
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import pyarrow as pa

from parity.home.private_files import make_folder, write_private
from parity.vault.scan.carving import carved
from parity.vault.scan.databases import COMPANION_ENDINGS, Databases
from parity.vault.scan.detector import Detector, Spot
from parity.vault.scan.encodings import CELL
from parity.vault.scan.escapes import encoded_containers
from parity.vault.scan.values import scalars

_DEEPEST = 8
HEAD = 512
_FLAGS = 20  # after checksum, name and version of a DuckDB file
# Of everything unpacked in one file: a small archive can hold any amount of zeros.
_LARGEST_UNPACKED = 2_000_000_000
_UNPACK_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    pa.ArrowException,
    NotImplementedError,
    RuntimeError,  # zipfile: a member with a password
)

_DUCKDB = (8, b"DUCK")
_SQLITE = (0, b"SQLite format 3\0")
_PARQUET = (0, b"PAR1")
_MARKS: Mapping[str, tuple[tuple[int, bytes], ...]] = {
    "duckdb": (_DUCKDB,),
    "sqlite": (_SQLITE,),
    "parquet": (_PARQUET,),
    "gzip": ((0, b"\x1f\x8b"),),
    "zstd": ((0, b"\x28\xb5\x2f\xfd"),),
    "bzip2": ((0, b"BZh"),),
    "xz": ((0, b"\xfd7zXZ\0"),),
    "lz4": ((0, b"\x04\x22\x4d\x18"),),
    "zip": ((0, b"PK\x03\x04"), (0, b"PK\x05\x06")),
    "tar": ((257, b"ustar"),),
    "pickle": tuple((0, bytes([0x80, version])) for version in range(2, 6)),
}
_ZLIB_FIRST_BYTE = 0x78
# Few bytes that other data begins with too: a value counts only when all of it fits.
_SHORT_MARKS = frozenset({"gzip", "zlib", "pickle", "bzip2"})
_CORE = b"\x7fELF"
_CORE_TYPE = (16, b"\x04\0")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Containers:
    """Looks through files and values with one detector.

    keys: DuckDB file keys by name. spill: a folder of ours for databases found inside
    other containers, which must be files to be opened.
    """

    def __init__(
        self, detector: Detector, keys: Mapping[str, bytes], spill: Path
    ) -> None:
        self._detector = detector
        self._spill = spill
        self._databases = Databases(detector, keys, spill, self._value)
        self._depth = 0
        self._unpacked = 0
        self._unknown_is_finding = True

    def file(self, path: Path, spot: Spot, *, unknown_is_finding: bool = True) -> None:
        """Search a file: its bytes, and what is decoded from them."""
        self._detector.count_file()
        self._unpacked = 0
        self._unknown_is_finding = unknown_is_finding
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            if not stat.S_ISSOCK(found.st_mode):  # a socket keeps nothing
                self._detector.unreadable(spot, "neither file nor folder")
            return
        if not found.st_size:
            return
        try:
            with path.open("rb") as opened, _mapped(opened.fileno()) as data:
                self._mapped_file(data, path, spot)
        except OSError:
            self._detector.unreadable(spot, "file not readable")

    def _mapped_file(self, data: mmap.mmap, path: Path, spot: Spot) -> None:
        readers = {
            "duckdb": self._databases.duckdb_file,
            "sqlite": self._databases.sqlite_file,
            "parquet": self._databases.parquet,
        }
        reader = readers.get(kind_of(data[:HEAD]) or "")
        self._attributes(path, spot)
        if _is_companion(path):
            # read with its database; its own bytes are looked at here
            self.raw(data, spot.inside("(bytes)"))
        elif reader is None:
            self._member(data[:], spot, path.name)
        elif is_encrypted(data[:HEAD]):
            self._detector.look_at_ciphertext(data, spot.inside("(bytes)"))
            self._hidden(data, spot.inside("(bytes)"))
            reader(path, spot)
        else:
            self.raw(data, spot.inside("(bytes)"))
            reader(path, spot)

    def raw(self, data: bytes | mmap.mmap, spot: Spot) -> None:
        """Bytes that no format is known of: memory, spill, the inside of a database.

        Searched as they stand; compressed streams in them are unpacked. No finding that
        something could not be read.
        """
        self._detector.look_at_bytes(data, spot)
        self._hidden(data, spot)

    def loose(self, data: bytes, spot: Spot) -> None:
        """A value or a stretch: text or bytes, and a container when it is one."""
        text = as_text(data)
        if text is None:
            self._detector.look_at_bytes(data, spot)
        else:
            self._detector.look_at_cells([text], spot)
        self._value(data, spot)

    def _hidden(self, data: bytes | mmap.mmap, spot: Spot) -> None:
        """What stands compressed, or compressed and encoded, somewhere in the data."""
        if self._depth >= _DEEPEST:
            return
        self._depth += 1
        try:
            for found in (carved(data), encoded_containers(data)):
                for name, content in found:
                    self._unpacked += len(content)
                    if self._unpacked > _LARGEST_UNPACKED:
                        self._detector.unreadable(spot, "more unpacked than is taken")
                        return
                    self.loose(content, spot.inside(f"({name})"))
        finally:
            self._depth -= 1

    def _attributes(self, path: Path, spot: Spot) -> None:
        """What the file system keeps beside the file's content."""
        for name in os.listxattr(path):
            inner = spot.inside("(attribute)")
            self._detector.shown((name,), inner)
            self.loose(os.getxattr(path, name), inner)

    def _member(self, data: bytes, spot: Spot, name: str) -> None:
        """The content of a file, or of something unpacked, in memory."""
        kind = kind_of(data[:HEAD])
        text = as_text(data) if kind is None else None
        if text is not None:
            self._detector.look_at_cells([text], spot)
            self._hidden(text, spot)
            return
        self.raw(data, spot.inside("(bytes)"))
        if is_core_dump(data):
            self._detector.unreadable(spot, "a core dump: the memory of a process")
        elif kind is None and name.endswith(".msgpack"):
            self._msgpack(data, spot)
        elif kind is None:
            if self._unknown_is_finding:
                self._detector.unknown(spot)
        else:
            self._open(data, kind, spot)

    def _value(self, data: bytes, spot: Spot) -> None:
        """A value of a column: any bytes may stand there, so no kind is no finding."""
        kind = kind_of(data[:HEAD])
        if kind is None or (kind in _SHORT_MARKS and not _is_whole(data, kind)):
            self._hidden(data, spot)
        else:
            self._open(data, kind, spot)

    def _open(self, data: bytes, kind: str, spot: Spot) -> None:
        if self._depth >= _DEEPEST:
            self._detector.unreadable(spot, "containers in containers, too deep")
            return
        openers: Mapping[str, Callable[[bytes, Spot], None]] = {
            "duckdb": lambda d, s: self._as_file(d, s, self._databases.duckdb_file),
            "sqlite": lambda d, s: self._as_file(d, s, self._databases.sqlite_file),
            "parquet": lambda d, s: self._databases.parquet(io.BytesIO(d), s),
            "zip": lambda d, s: self._archive(_zip_members(d), s),
            "tar": lambda d, s: self._archive(_tar_members(d), s),
            "pickle": self._pickle,
        }
        self._depth += 1
        try:
            if kind in openers:
                openers[kind](data, spot)
            else:
                self._stream(data, kind, spot)
        finally:
            self._depth -= 1

    def _stream(self, data: bytes, kind: str, spot: Spot) -> None:
        inner = spot.inside(f"({kind})")
        try:
            content = self._limited(_decompressed(data, kind))
        except _UNPACK_ERRORS:
            self._detector.unreadable(inner, f"{kind} not unpacked")
            return
        self._member(content, inner, "")

    def _archive(self, members: Iterator[tuple[str, Any]], spot: Spot) -> None:
        try:
            for name, opened in members:
                inner = spot.inside(self._detector.shown((name,), spot))
                if opened is not None:
                    self._member(self._limited(opened), inner, name)
        except _UNPACK_ERRORS:
            self._detector.unreadable(spot, "archive not unpacked")

    def _limited(self, stream: Any) -> bytes:
        content = bytes(stream.read(_LARGEST_UNPACKED - self._unpacked + 1))
        self._unpacked += len(content)
        if self._unpacked > _LARGEST_UNPACKED:
            raise ValueError("more unpacked than the scan takes")
        return content

    def _as_file(
        self, data: bytes, spot: Spot, open_file: Callable[[Path, Spot], None]
    ) -> None:
        spill = make_folder(self._spill)
        with tempfile.TemporaryDirectory(dir=spill, prefix="scan-") as folder:
            path = Path(folder) / "database"
            write_private(path, data)
            open_file(path, spot)

    def _pickle(self, data: bytes, spot: Spot) -> None:
        """Texts, bytes and numbers of a pickle, without running it."""
        found: list[bytes] = []
        try:
            for _, value, _ in pickletools.genops(data):
                found += scalars(value)
        except (ValueError, EOFError, IndexError):
            self._detector.unreadable(spot, "pickle not decoded")
        self._scalars(found, spot)

    def _msgpack(self, data: bytes, spot: Spot) -> None:
        """dbt's cache of parsed files."""
        try:
            unpacked = msgpack.unpackb(data, strict_map_key=False)
        except (ValueError, msgpack.UnpackException):
            self._detector.unreadable(spot, "msgpack not decoded")
            return
        self._scalars(scalars(unpacked), spot)

    def _scalars(self, found: list[bytes], spot: Spot) -> None:
        self._detector.look_at_cells(found, spot)
        self._hidden(CELL.join(found), spot)


def kind_of(start: bytes) -> str | None:
    """What the first 512 bytes of something say that it is."""
    for kind, marks in _MARKS.items():
        if any(start[at : at + len(mark)] == mark for at, mark in marks):
            return kind
    # RFC 1950: the first two bytes as a number are divisible by 31
    if len(start) > 2 and start[0] == _ZLIB_FIRST_BYTE and not _number(start[:2]) % 31:
        return None if as_text(start) is not None else "zlib"
    return None


def is_encrypted(start: bytes) -> bool:
    """Whether a file begins as an encrypted DuckDB file: its first flag says so."""
    return kind_of(start) == "duckdb" and bool(start[_FLAGS] & 1)


def is_core_dump(start: bytes) -> bool:
    """Whether these are the first bytes of a process's memory image (ELF)."""
    at, mark = _CORE_TYPE
    return start.startswith(_CORE) and start[at : at + len(mark)] == mark


def as_text(data: bytes) -> bytes | None:
    """The text as UTF-8, or None where the bytes are no text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode()
            except UnicodeDecodeError:
                return None
    if b"\0" in data:
        return None
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return data


def _is_companion(path: Path) -> bool:
    """Whether a database keeps this file beside itself."""
    for ending in COMPANION_ENDINGS:
        database = path.with_name(path.name.removesuffix(ending))
        if database != path and database.is_file():
            with database.open("rb") as opened:
                return kind_of(opened.read(HEAD)) in ("sqlite", "duckdb")
    return False


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big")


@contextmanager
def _mapped(descriptor: int) -> Iterator[mmap.mmap]:
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
        yield data


def _decompressed(data: bytes, kind: str) -> Any:
    """A stream of what is in one compressed stream, whole or an error."""
    source = io.BytesIO(data)
    if kind == "bzip2":
        return bz2.BZ2File(source)
    if kind == "xz":
        return lzma.LZMAFile(source)
    if kind == "zlib":
        return io.BytesIO(zlib.decompressobj().decompress(data, _LARGEST_UNPACKED))
    return pa.CompressedInputStream(pa.BufferReader(data), kind)


def _is_whole(data: bytes, kind: str) -> bool:
    """Whether all of the data is of the kind that its first two bytes say."""
    try:
        if kind == "pickle":
            return sum(1 for _ in pickletools.genops(data)) > 1
        return bool(_decompressed(data, kind).read(1))
    except _UNPACK_ERRORS:
        return False


def _zip_members(data: bytes) -> Iterator[tuple[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield "(comment)", io.BytesIO(archive.comment)
        for member in archive.infolist():
            with archive.open(member) as opened:
                yield member.filename, opened


def _tar_members(data: bytes) -> Iterator[tuple[str, Any]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            said = (member.linkname, member.uname, member.gname, *member.pax_headers)
            told = "\n".join((*said, *member.pax_headers.values()))
            yield "(header)", io.BytesIO(told.encode("utf-8", "surrogateescape"))
            yield member.name, archive.extractfile(member) if member.isreg() else None
