"""A million values: three implementations of the construction agree on every one.

The column path (polars-hash) is what makes pseudonyms; the hmac module with an encoder
of its own (plain_construction) and HMAC by its definition, from two padded keys, say
what they should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import plain_construction as plain
import polars as pl
import pytest
from make_vectors import LINKAGE, ROOT
from scale import generator, scale

from pseudonymisation.encoding import bytes_part, encode_column, text_part
from pseudonymisation.keyed_hash import (
    hash_column,
    pseudonym_column,
    token_column,
    uuid_text_column,
)

BATCH = 100_000
KIND, PROVIDER, DOMAIN = "local-patient", "ZZ1", "person"

# Signs that trimming, folding, normalising, C strings or a careless join would lose.
ALPHABET = [
    *"0123456789 :tb-",
    *"aAzZ'\"\\%_;,|\t\r\n\0",
    *"\u00e9\u00df\u0130\u0131\u017f\u03a3\u03c2\u212a\u0301\u00a0\u2009\u200b\ufeff",
    *"\u20ac\u0660\uff11\u2013\u202e\ufffd\ufffe\uffff\U0001d4b3\U0001f469\U0010ffff",
]

# A message here is 33 bytes longer than an ASCII value of two digits' length. These
# put its end, and the padding of SHA-256, on either side of a block.
LENGTHS = sorted(
    {n for end in (55, 56, 64, 119, 120, 128) for n in range(end - 36, end)}
)

FIXED = [
    "",
    " ",
    "\0",
    "\0\0",
    "t3:abc",
    "3:abc",
    "t0:",
    "parity:1:",
    "parity:1:t13:local-patientt3:ZZ1t2:P1",
    "e\u0301",
    "\u00e9",
    *(
        "z" * size
        for size in (55, 56, 63, 64, 65, 119, 120, 128, 255, 256, 9_999, 100_000)
    ),
    *("\u20ac" * size for size in (18, 19, 21, 22, 43)),
]


def slices(
    letters: list[str], lengths: np.ndarray, rng: np.random.Generator
) -> list[str]:
    """A text of each length, cut from one long random text."""
    pool = "".join(rng.choice(np.array(letters, dtype=object), 50_000))
    starts = rng.integers(0, 49_000, len(lengths))
    pairs = zip(starts.tolist(), lengths.tolist(), strict=True)
    return [pool[start : start + length] for start, length in pairs]


def drawn(count: int, rng: np.random.Generator) -> list[str]:
    """A third numbers, a third of lengths about a block, a third awkward text."""
    third = count // 3
    numbers = rng.integers(0, 10**10, third).tolist()
    bounds = rng.choice(np.array(LENGTHS), third)
    lengths = rng.integers(0, 60, count - 2 * third)
    return [
        *(f"{number:010d}" for number in numbers),
        *slices([chr(code) for code in range(32, 127)], bounds, rng),
        *slices(ALPHABET, lengths, rng),
    ]


def batches(count: int) -> Iterator[list[str]]:
    rng = generator("two implementations")
    yield FIXED
    for first in range(0, count, BATCH):
        yield drawn(min(BATCH, count - first), rng)


def by_hmac_module(key: bytes) -> Callable[[bytes], bytes]:
    return lambda message: plain.token(key, message)


def expected(
    values: list[str], domain_key: bytes, hashed: Callable[[bytes], Callable]
) -> tuple[list[bytes], list[str]]:
    """Tokens and pseudonyms (UUID text); messages are put together by hand."""
    first, second = hashed(LINKAGE), hashed(domain_key)
    tokens = []
    for value in values:
        content = value.encode()
        head = b"parity:1:t13:local-patientt3:ZZ1t%d:" % len(content)
        tokens.append(first(head + content))
    tails = [second(b"parity:1:t6:personb32:" + token).hex() for token in tokens]
    return tokens, [
        f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:32]}" for t in tails
    ]


@pytest.mark.attack(14, 19)
def test_three_implementations_agree() -> None:
    """Tokens and pseudonyms of every value, in both tiers."""
    key = plain.derived(ROOT, "warehouse", DOMAIN, salt=LINKAGE)
    compared = 0
    for values in batches(scale(1_000_000)):
        token = token_column(LINKAGE, KIND, PROVIDER, text_part(pl.col("value")))
        name = pseudonym_column(key, DOMAIN, bytes_part(pl.col("token")))
        frame = (
            pl.DataFrame({"value": values})
            .with_columns(token=token)
            .with_columns(pseudonym=uuid_text_column(name))
        )
        found = (frame["token"].to_list(), frame["pseudonym"].to_list())
        assert found == expected(values, key, by_hmac_module)
        assert found == expected(values, key, plain.by_pads)
        compared += frame.height
    assert compared == scale(1_000_000) + len(FIXED)


@pytest.mark.attack(19)
def test_encoder_at_random() -> None:
    """Text and raw parts together: the plain encoder's bytes, and their hash."""
    rng = generator("encoder")
    texts = drawn(scale(60_000), rng)
    raws = [rng.bytes(size) for size in rng.integers(0, 70, len(texts)).tolist()]
    columns = text_part(pl.col("text")), bytes_part(pl.col("raw"))
    frame = pl.DataFrame({"text": texts, "raw": raws}).select(
        message=encode_column("k", columns[0], "fixed", columns[1], b"\xff")
    )
    wanted = [
        plain.encode("k", text, "fixed", raw, b"\xff")
        for text, raw in zip(texts, raws, strict=True)
    ]
    assert frame["message"].to_list() == wanted
    hashed = frame.select(hash_column(ROOT, pl.col("message"))).to_series()
    assert hashed.to_list() == [plain.token(ROOT, message) for message in wanted]


def test_the_values_are_as_awkward_as_they_should_be() -> None:
    """The control: every sign, every padding, lengths in bytes other than in signs."""
    values = [*FIXED, *drawn(30_000, generator("control"))]
    assert set(ALPHABET) <= set("".join(values))
    sizes = {len(plain.encode(KIND, PROVIDER, value)) % 64 for value in values}
    assert sizes == set(range(64))
    assert any(len(value) != len(value.encode()) for value in values)
