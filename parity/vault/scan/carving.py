"""Compressed data inside bytes that nobody can parse: spill, memory, core dumps.

What belongs here: finding where gzip, zlib and zstd streams begin, and what can be
unpacked from there. What only looks like a beginning gives nothing and is no finding.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from mmap import mmap

import pyarrow as pa

# zlib's second byte says how hard it was compressed; these are all that zlib writes.
_MARKS = re.compile(rb"\x1f\x8b\x08|\x28\xb5\x2f\xfd|\x78[\x01\x5e\x9c\xda]")
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZLIB_OR_GZIP = 47  # zlib's own number for: tell by the header which of the two it is
_LONGEST = 1 << 24
_PIECE = 1 << 16


def carved(data: bytes | mmap) -> Iterator[tuple[str, bytes]]:
    """The kind and content of each compressed stream, as far as it can be unpacked."""
    end = 0
    for found in _MARKS.finditer(data):
        start = found.start()
        if start < end:
            continue  # inside the stream before
        is_zstd = found.group() == _ZSTD
        content, used = (_zstd if is_zstd else _zlib)(data, start)
        if content:
            yield "zstd" if is_zstd else "zlib", content
            end = start + used


def _zlib(data: bytes | mmap, start: int) -> tuple[bytes, int]:
    """What unpacks before the first fault, and how many bytes that took."""
    stream = zlib.decompressobj(_ZLIB_OR_GZIP)
    content, used, size = [], 0, 0
    try:
        while not stream.eof and size < _LONGEST:
            piece = data[start + used : start + used + _PIECE]
            if not piece:
                break
            content.append(stream.decompress(piece, _LONGEST))
            size += len(content[-1])
            used += len(piece)
    except zlib.error:
        return b"".join(content), 1
    return b"".join(content), used - len(stream.unused_data) or 1


def _zstd(data: bytes | mmap, start: int) -> tuple[bytes, int]:
    """What unpacks before the first fault; frames may follow inside it."""
    content = []
    size = 0
    source = pa.BufferReader(data[start : start + _LONGEST])
    try:
        with pa.CompressedInputStream(source, "zstd") as stream:
            while size < _LONGEST and (piece := stream.read(_PIECE)):
                content.append(piece)
                size += len(piece)
    except (OSError, pa.ArrowException):
        pass
    return b"".join(content), 4
