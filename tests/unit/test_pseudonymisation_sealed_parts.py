"""Something of any size sealed in parts: whole and in order, or refused."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable

import pytest

from pseudonymisation import sealed_parts
from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.sealed_parts import PartsWriter, unseal_parts

KEY = secrets.token_bytes(32)
CONTEXT = encode("context", "one")
PART, HEAD = 100, 17


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a hundred bytes, so that a few hundred bytes are several."""
    monkeypatch.setattr(sealed_parts, "PART_BYTES", PART)


def sealed(content: bytes, step: int = 37) -> bytes:
    file = io.BytesIO()
    writer = PartsWriter(file.write, KEY, CONTEXT)
    for place in range(0, len(content), step):
        writer.write(content[place : place + step])
    writer.close()
    return file.getvalue()


def opened(content: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return b"".join(unseal_parts(io.BytesIO(content).read, key, context))


def frames(content: bytes) -> list[bytes]:
    """The parts with their lengths."""
    found, place = [], HEAD
    while place < len(content):
        end = place + 4 + int.from_bytes(content[place : place + 4], "big")
        found.append(content[place:end])
        place = end
    return found


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200, 201, 1000])
@pytest.mark.parametrize("step", [1, 37, 100, 5000])
def test_it_comes_back_whole(size: int, step: int) -> None:
    content = secrets.token_bytes(size)
    whole = sealed(content, step)
    assert opened(whole) == content
    assert len(frames(whole)) == max(1, -(-size // PART))


def test_the_form_is_as_it_is_written_down() -> None:
    """By hand, from the page: length, envelope, context with number and place."""
    content = secrets.token_bytes(150)
    whole = sealed(content)
    assert whole[:1] == b"\x02"
    first, last = frames(whole)
    for part, number, place, value in (
        (first, "1", "more", content[:100]),
        (last, "2", "last", content[100:]),
    ):
        context = encode("sealed-part", CONTEXT, whole[1:17], number, place)
        assert unseal(KEY, part[4:], context) == value
    assert content[:20] not in whole


def other_parts() -> list[bytes]:
    """Of the same size, key and context."""
    return frames(sealed(secrets.token_bytes(350)))


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "end cut off": lambda parts: parts[:-1],
    "all cut off": lambda _: [],
    "first left out": lambda parts: parts[1:],
    "one left out": lambda parts: [parts[0], *parts[2:]],
    "doubled": lambda parts: [parts[0], *parts],
    "last doubled": lambda parts: [*parts, parts[-1]],
    "swapped": lambda parts: [parts[1], parts[0], *parts[2:]],
    "something behind": lambda parts: [*parts, b"\0"],
    "a part of another sealing": lambda parts: [other_parts()[0], *parts[1:]],
    "the end of another sealing": lambda parts: [*parts[:-1], other_parts()[-1]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_parts_out_of_place(change: str) -> None:
    whole = sealed(secrets.token_bytes(350))
    altered = whole[:HEAD] + b"".join(CHANGES[change](frames(whole)))
    with pytest.raises(EnvelopeRefused, match="parts_refused"):
        opened(altered)


def test_every_byte() -> None:
    """One flipped bit anywhere, and one byte less at any place from the end."""
    whole = sealed(secrets.token_bytes(150))
    for place in range(len(whole)):
        altered = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for other in (altered, whole[:place]):
            with pytest.raises(EnvelopeRefused, match="parts_refused"):
                opened(other)


def test_another_key_another_context() -> None:
    whole = sealed(b"content")
    for key, context in ((secrets.token_bytes(32), CONTEXT), (KEY, encode("other"))):
        with pytest.raises(EnvelopeRefused, match="parts_refused"):
            opened(whole, key, context)


def test_an_envelope_is_no_parts_and_parts_are_no_envelope() -> None:
    with pytest.raises(EnvelopeRefused, match="parts_refused"):
        opened(seal(KEY, b"content", CONTEXT))
    with pytest.raises(EnvelopeRefused, match="envelope_form"):
        unseal(KEY, sealed(b"content"), CONTEXT)


def test_a_length_that_is_no_parts_is_not_read() -> None:
    """Four bytes from outside do not make us take four gigabytes."""
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return b"\x02" if size == 1 else b"\xff" * min(size, 16)

    with pytest.raises(EnvelopeRefused):
        list(unseal_parts(read, KEY, CONTEXT))
    assert max(asked) == 16


def test_without_its_end_it_is_not_whole() -> None:
    """A writer that was not closed."""
    file = io.BytesIO()
    writer = PartsWriter(file.write, KEY, CONTEXT)
    writer.write(secrets.token_bytes(350))
    with pytest.raises(EnvelopeRefused):
        opened(file.getvalue())
