"""Identifiers hidden on purpose, in every encoding that the scan must see through.

What belongs here: the encodings, and values to hide. Each encoding is written a second
time, in the way a careless program would, and shares no function with the scan.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import random
import struct
import uuid
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from parity.vault.scan.needles import Collected, Shape


@dataclass(frozen=True)
class Encoding:
    """A way to hide a value. make: the value as it is written."""

    name: str
    shape: Shape
    make: Callable[[str], bytes]


@dataclass(frozen=True)
class Hidden:
    """One value, hidden in one encoding; its kind is the encoding's name."""

    kind: str
    shape: Shape
    value: str
    cell: bytes


def _sort_key(value: str) -> bytes:
    with duckdb.connect() as connection:
        row = connection.execute(
            "select create_sort_key($1::varchar, 'asc nulls first')", [value]
        ).fetchone()
    return bytes(row[0]) if row else b""


def _duckdb_hash(value: str) -> bytes:
    with duckdb.connect() as connection:
        row = connection.execute("select hash($1::varchar)", [value]).fetchone()
    return str(row[0]).encode() if row else b""


def _digest(name: str) -> Callable[[str], bytes]:
    return lambda v: hashlib.new(name, v.encode(), usedforsecurity=False).digest()


def _hex_digest(name: str) -> Callable[[str], bytes]:
    return lambda v: _digest(name)(v).hex().encode()


def _base64_after(before: bytes) -> Callable[[str], bytes]:
    return lambda v: base64.b64encode(before + v.encode() + b"ending")


def _grouped(separator: str) -> Callable[[str], bytes]:
    return lambda v: separator.join((v[:3], v[3:6], v[6:])).encode()


def _each(form: str) -> Callable[[str], bytes]:
    """Every character in an escape."""
    return lambda v: "".join(form.format(ord(c)) for c in v).encode()


def _base32_after(before: bytes) -> Callable[[str], bytes]:
    return lambda v: base64.b32encode(before + v.encode() + b"ending")


def _urlsafe_after(before: bytes) -> Callable[[str], bytes]:
    return lambda v: base64.urlsafe_b64encode(before + v.encode() + b"ending")


def _md5_number(value: str) -> bytes:
    with duckdb.connect() as connection:
        row = connection.execute("select md5_number($1)", [value]).fetchone()
    return str(row[0]).encode() if row else b""


def _integer_sort_key(value: str) -> bytes:
    with duckdb.connect() as connection:
        row = connection.execute(
            "select create_sort_key($1::bigint, 'asc nulls first')", [value]
        ).fetchone()
    return bytes(row[0]) if row else b""


def _packed_decimal(sign: str) -> Callable[[str], bytes]:
    return lambda v: bytes.fromhex(f"0{v}{sign}")


def _zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue().to_pybytes())


def _said(value: str) -> bytes:
    return f"the patient {value} was seen".encode()


def _zipped(value: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.txt", _said(value))
    return buffer.getvalue()


def _plain(value: str) -> bytes:
    return value.encode()


_NHS: Mapping[str, Callable[[str], bytes]] = {
    "plain": _plain,
    "in a sentence": lambda v: f"the patient {v} was seen".encode(),
    "with a letter before": lambda v: f"NHS{v}X".encode(),
    "as a float": lambda v: f"{v}.0".encode(),
    "spaces 3-3-4": _grouped(" "),
    "hyphens 3-3-4": _grouped("-"),
    "no-break spaces 3-3-4": _grouped("\u00a0"),
    "reversed": lambda v: v[::-1].encode(),
    "hex": lambda v: v.encode().hex().encode(),
    "hex in capitals": lambda v: v.encode().hex().upper().encode(),
    "hex of spaces 3-3-4": lambda v: _grouped(" ")(v).hex().encode(),
    "base64 aligned": _base64_after(b""),
    "base64 one off": _base64_after(b"a"),
    "base64 two off": _base64_after(b"ab"),
    "MD5 hex": _hex_digest("md5"),
    "MD5 in capitals": lambda v: _hex_digest("md5")(v).upper(),
    "MD5 as UUID": lambda v: str(uuid.UUID(bytes=_digest("md5")(v))).encode(),
    "MD5 base64": lambda v: base64.b64encode(_digest("md5")(v)),
    "SHA-1 hex": _hex_digest("sha1"),
    "SHA-256 hex": _hex_digest("sha256"),
    "SHA-256 cut to a UUID": lambda v: str(
        uuid.UUID(bytes=_digest("sha256")(v)[:16])
    ).encode(),
    "SHA-256 base64": lambda v: base64.b64encode(_digest("sha256")(v)),
    "SHA-256 of spaces 3-3-4": lambda v: (
        hashlib.sha256(_grouped(" ")(v)).hexdigest().encode()
    ),
    "hash of DuckDB": _duckdb_hash,
    "percent-encoded": _each("%{:02X}"),
    "percent-encoded twice": _each("%25{:02X}"),
    "HTML entities": _each("&#{};"),
    "HTML entities in hex": _each("&#x{:x};"),
    "JSON escapes": _each("\\u{:04x}"),
    "hex escapes": _each("\\x{:02x}"),
    "quoted-printable": _each("={:02X}"),
    **{f"base32, {n} off": _base32_after(b"abcde"[:n]) for n in range(5)},
    **{f"URL-safe base64, {n} off": _urlsafe_after(b"\xff\xfe"[:n]) for n in range(3)},
    "SHA-224 hex": _hex_digest("sha224"),
    "SHA-384 hex": _hex_digest("sha384"),
    "SHA-512 hex": _hex_digest("sha512"),
    "SHA-512 base64": lambda v: base64.b64encode(_digest("sha512")(v)),
    "SHA-256 with a line end": lambda v: _hex_digest("sha256")(f"{v}\n"),
    "number of MD5": _md5_number,
}
# Compressed, then written as text.
_PACKED: Mapping[str, Callable[[str], bytes]] = {
    "base64 of gzip": lambda v: base64.b64encode(gzip.compress(_said(v))),
    "base64 of gzip, in lines": lambda v: base64.encodebytes(gzip.compress(_said(v))),
    "URL-safe base64 of zlib": lambda v: base64.urlsafe_b64encode(
        zlib.compress(_said(v))
    ),
    "base64 of zlib, best": lambda v: base64.b64encode(zlib.compress(_said(v), 9)),
    "base64 of zstd": lambda v: base64.b64encode(_zstd(_said(v))),
    "base64 of ZIP": lambda v: base64.b64encode(_zipped(v)),
    "hex of gzip": lambda v: gzip.compress(_said(v)).hex().encode(),
    "base64 of gzip of base64 of gzip": lambda v: base64.b64encode(
        gzip.compress(base64.b64encode(gzip.compress(_said(v))))
    ),
}
_LONG_IDENTIFIER: Mapping[str, Callable[[str], bytes]] = {
    "identifier": _plain,
    "identifier in small letters": lambda v: v.lower().encode(),
    "identifier in capitals": lambda v: v.upper().encode(),
    "identifier in a path": lambda v: f"patient-{v}-v2".encode(),
    "identifier reversed": lambda v: v[::-1].encode(),
    "hex of small letters": lambda v: v.lower().encode().hex().encode(),
    "base64 of capitals": lambda v: base64.b64encode(v.upper().encode()),
    "base32 of small letters": lambda v: base64.b32encode(v.lower().encode()),
    "SHA-256 of small letters": lambda v: _hex_digest("sha256")(v.lower()),
    "MD5 of capitals": lambda v: _hex_digest("md5")(v.upper()),
}
_POSTCODE: Mapping[str, Callable[[str], bytes]] = {
    "postcode": _plain,
    "postcode without space": lambda v: v.replace(" ", "").encode(),
    "postcode in small letters": lambda v: v.lower().encode(),
    "postcode MD5": _hex_digest("md5"),
    "postcode without space, SHA-256": lambda v: _hex_digest("sha256")(
        v.replace(" ", "")
    ),
}
_BINARY: Mapping[str, Callable[[str], bytes]] = {
    "UTF-16 LE": lambda v: v.encode("utf-16-le"),
    "UTF-16 BE": lambda v: v.encode("utf-16-be"),
    "integer, little endian": lambda v: struct.pack("<q", int(v)),
    "integer, big endian": lambda v: struct.pack(">q", int(v)),
    "MD5 raw": _digest("md5"),
    "SHA-1 raw": _digest("sha1"),
    "SHA-256 raw": _digest("sha256"),
    "DuckDB sort key": _sort_key,
    "SHA-512 raw": _digest("sha512"),
    "UTF-32 LE": lambda v: v.encode("utf-32-le"),
    "UTF-32 BE": lambda v: v.encode("utf-32-be"),
    "float, little endian": lambda v: struct.pack("<d", int(v)),
    "float, big endian": lambda v: struct.pack(">d", int(v)),
    "DuckDB integer sort key": _integer_sort_key,
    "first bits turned": lambda v: bytes(b ^ 0x80 for b in v.encode()),
    **{f"packed decimal, sign {s}": _packed_decimal(s) for s in "CDF"},
    "gzip between bytes": lambda v: b"\xfa\0" + gzip.compress(_said(v)) + b"\0\xfa",
    "zlib between bytes": lambda v: b"\xfa\0" + zlib.compress(_said(v)) + b"\0\xfa",
    "zstd between bytes": lambda v: b"\xfa\0" + _zstd(_said(v)) + b"\0\xfa",
}
_WORD: Mapping[str, Callable[[str], bytes]] = {
    "short identifier": _plain,
    "short identifier in small letters": lambda v: v.lower().encode(),
    "short identifier reversed": lambda v: v[::-1].encode(),
    "short identifier, MD5": _hex_digest("md5"),
    "short identifier, SHA-256": _hex_digest("sha256"),
    "short identifier, hex": lambda v: v.encode().hex().encode(),
    "short identifier, hash of DuckDB": _duckdb_hash,
}

TEXT_ENCODINGS = (
    *(Encoding(n, "nhs_number", make) for n, make in _NHS.items()),
    *(Encoding(n, "identifier", make) for n, make in _LONG_IDENTIFIER.items()),
    *(Encoding(n, "postcode", make) for n, make in _POSTCODE.items()),
)
PACKED_ENCODINGS = tuple(Encoding(n, "nhs_number", m) for n, m in _PACKED.items())
BINARY_ENCODINGS = tuple(Encoding(n, "nhs_number", m) for n, m in _BINARY.items())
WORD_ENCODINGS = tuple(Encoding(n, "identifier", m) for n, m in _WORD.items())


def hide(encodings: Sequence[Encoding]) -> list[Hidden]:
    """A value of its own for each encoding, so that none is found for another.

    Call it once for all of them: it draws the same values every time.
    """
    draw = random.Random(11)  # noqa: S311 (drawn values, the same in every run)
    return [_hidden(encoding, draw) for encoding in encodings]


def _hidden(encoding: Encoding, draw: random.Random) -> Hidden:
    digits = "".join(draw.choice("0123456789") for _ in range(7))
    letters = "".join(draw.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(4))
    value = f"999{digits}"
    if encoding.shape == "postcode":
        value = f"{letters[:2]}{digits[:2]} {digits[2]}{letters[2:]}"
    elif encoding in WORD_ENCODINGS:
        value = f"P{letters[0]}{digits[:4]}"
    elif encoding.shape == "identifier":
        value = f"Canary{letters}{digits}Zq"
    return Hidden(encoding.name, encoding.shape, value, encoding.make(value))


def collected(hidden: Sequence[Hidden]) -> list[Collected]:
    """What a collection of these values would give."""
    return [Collected(h.kind, h.shape, frozenset({h.value})) for h in hidden]
