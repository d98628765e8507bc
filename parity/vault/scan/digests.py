"""Unkeyed digests of a value, and a secret's bytes: every form in which they stand.

Digests are looked for by their first 128 bits, so that a truncated one, or one that was
made a UUID, is found too.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode, b64encode
from collections.abc import Iterable, Iterator
from uuid import UUID

import duckdb

from parity.vault.scan.forms import Form

_DIGEST_BYTES = 16
_DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def digest_forms(content: bytes) -> Iterator[Form]:
    """MD5, SHA-1 and SHA-2 of the content: hex, UUID, base64 and raw bytes."""
    for name in _DIGESTS:
        digest = hashlib.new(name, content, usedforsecurity=False).digest()
        start = digest[:_DIGEST_BYTES]
        yield Form(start.hex().encode(), f"{name}, hex")
        yield Form(str(UUID(bytes=start)).encode(), f"{name}, UUID")
        yield Form(start.lower(), f"{name}, raw")
        for core in base64_cores(digest, 0):
            yield Form(core, f"{name}, base64")


def engine_hashes(values: Iterable[str]) -> list[tuple[str, Form]]:
    """DuckDB's own numbers of each value, unkeyed as well: (value, form)."""
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            "select v, hash(v)::varchar, md5_number(v)::varchar "
            "from unnest($1::varchar[]) as t(v)",
            [list(values)],
        ).fetchall()
    hashes = [(v, Form(h.encode(), "DuckDB hash", "digit")) for v, h, _ in rows]
    numbers = [(v, Form(n.encode(), "MD5 number", "digit")) for v, _, n in rows]
    return hashes + numbers


def secret_forms(content: bytes) -> Iterator[Form]:
    """A secret, and each half of it, as it stands and as programs write bytes."""
    middle = len(content) // 2
    for part in (content[:middle], content[middle:]):
        yield Form(part.lower(), "raw")
        yield Form(part[::-1].lower(), "reversed")
        yield from _text_forms(part.hex(), "hex")
    yield Form(repr(content)[2:-1].lower().encode(), "escaped")
    yield Form(", ".join(str(byte) for byte in content).encode(), "list of numbers")
    yield Form(b32encode(content).rstrip(b"=").lower(), "base32")
    for skipped in range(3):
        for core in base64_cores(content, skipped):
            yield Form(core, "base64")
    try:
        yield from _text_forms(content.decode("ascii"), "text")
    except UnicodeDecodeError:
        return


def base64_cores(content: bytes, skipped: int) -> set[bytes]:
    """The characters that do not depend on what stands before and after.

    skipped: how many bytes of a group of three come before the content. In both
    alphabets, the one for file names and addresses too (RFC 4648), in small letters.
    """
    text = b64encode(bytes(skipped) + content).rstrip(b"=")
    first = -(-skipped * 8 // 6)
    last = (skipped + len(content)) * 8 // 6
    core = text[first:last].lower()
    return {core, core.translate(bytes.maketrans(b"+/", b"-_"))}


def _text_forms(text: str, name: str) -> Iterator[Form]:
    low = text.lower()
    yield Form(low.encode(), name)
    yield Form(low.encode("utf-16-le"), f"{name}, UTF-16")
    yield Form(text.encode().hex().encode(), f"{name}, hex")
