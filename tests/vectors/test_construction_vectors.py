"""Our own vectors of the whole construction: pseudonyms, seals, boxes, halves, ledger.

construction.json and pseudonyms.json come from make_vectors.py, which shares no code
with what is tested here. What must be refused is a vector as well.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import make_vectors
import plain_ciphers
import plain_construction
import polars as pl
import pytest
from make_vectors import key_of

from pseudonymisation import envelope, sealed_box, shares
from pseudonymisation.derivation import derive
from pseudonymisation.encoding import Part, encode, text_part
from pseudonymisation.errors import (
    EncodingRefused,
    EnvelopeRefused,
    KeyRefused,
    LedgerBroken,
)
from pseudonymisation.keyed_hash import pseudonym, token, uuid_text
from pseudonymisation.ledger_chain import START, next_head, verify
from pseudonymisation.sealed_box import batch_key, new_batch_key, open_box, seal_to
from pseudonymisation.sealed_identifier import seal_identifiers, unseal_identifiers
from pseudonymisation.sealed_parts import unseal_parts

FOLDER = Path(__file__).parent
VECTORS: dict[str, Any] = json.loads((FOLDER / "construction.json").read_text())
REFUSED = VECTORS["refused"]
ROOT, LINKAGE = bytes.fromhex(VECTORS["root"]), bytes.fromhex(VECTORS["linkage"])
EPOCHS = {name: bytes.fromhex(key) for name, key in VECTORS["epochs"].items()}
PROJECTS = {name: bytes.fromhex(key) for name, key in VECTORS["projects"].items()}


def parts_of(vector: dict[str, Any]) -> list[Part]:
    return [
        bytes.fromhex(part["bytes"]) if "bytes" in part else str(part["text"])
        for part in vector["parts"]
    ]


def each_why(vectors: list[dict[str, str]]) -> pytest.MarkDecorator:
    """One test a vector, named by why it is refused."""
    return pytest.mark.parametrize(
        "vector", vectors, ids=[vector["why"] for vector in vectors]
    )


def bytes_of(vector: dict[str, str], *names: str) -> list[bytes]:
    return [bytes.fromhex(vector[name]) for name in names]


@pytest.mark.parametrize("name", make_vectors.FILES)
def test_files_are_what_the_generator_makes(name: str) -> None:
    """Nobody has edited a vector until it passed."""
    assert json.loads((FOLDER / name).read_text()) == make_vectors.FILES[name]()


# --- From message to token, to warehouse, to package ---------------------------------


@pytest.mark.parametrize("vector", VECTORS["chains"])
def test_chain(vector: dict[str, Any]) -> None:
    """Both tiers and the package's, with explicit keys, in two epochs."""
    domain, provider = vector["domain"], vector["provider"]
    parts = parts_of(vector)
    assert encode(vector["kind"], *parts).hex() == vector["message"]
    made = token(LINKAGE, vector["kind"], *parts)
    assert made.hex() == vector["token"]

    label = ("warehouse", domain, *([provider] if provider else []))
    warehouse = {
        epoch: pseudonym(derive(ROOT, *label, salt=salt), domain, made)
        for epoch, salt in EPOCHS.items()
    }
    found = {epoch: uuid_text(value) for epoch, value in warehouse.items()}
    assert found == vector["pseudonyms"]

    packages = {
        role: pseudonym(
            derive(ROOT, "project", role, salt=salt),
            "project-pseudonym",
            warehouse["1"],
        )
        for role, salt in PROJECTS.items()
    }
    assert {r: uuid_text(v) for r, v in packages.items()} == vector["packages"]


@pytest.mark.attack(21)
def test_nothing_joins_over_domains_epochs_and_projects() -> None:
    """Every pseudonym of the vectors is another one, for the same identifiers too."""
    found = [
        value
        for vector in VECTORS["chains"]
        for value in [*vector["pseudonyms"].values(), *vector["packages"].values()]
    ]
    assert len(found) == len(set(found)) == 4 * len(VECTORS["chains"])


@pytest.mark.attack(15)
def test_weak_salt() -> None:
    """An epoch key goes through the gate of all keys; zeros do not stand for none."""
    for bad in (b"", bytes(32), bytes(31), b"a" * 32):
        with pytest.raises(KeyRefused):
            derive(ROOT, "warehouse", "person", salt=bad)


# --- Sealed identifiers --------------------------------------------------------------


def test_batch_key_and_sealed_identifiers() -> None:
    """The recipient gets the batch's key back; sealing is the RFC's, row by row."""
    (vector,) = VECTORS["sealed_identifiers"]
    private, public, key = (
        bytes.fromhex(text)
        for text in (vector["opening"]["private"], vector["batch"], vector["key"])
    )
    assert sealed_box.public_key(private).hex() == vector["opening"]["public"]
    assert batch_key(private, public) == key
    columns = {
        name: pl.Series([bytes.fromhex(row[name]) for row in vector["rows"]])
        for name in ("message", "token", "sealed")
    }
    sealed = seal_identifiers(key, columns["message"], columns["token"])
    assert sealed.to_list() == columns["sealed"].to_list()
    opened = unseal_identifiers(key, sealed, columns["token"])
    assert opened.to_list() == columns["message"].to_list()


def test_sealing_equals_the_plain_one_at_every_length() -> None:
    """Both branches of the RFC: shorter than a block, and from there on; empty too."""
    key = key_of("sealing 1") + key_of("sealing 2")
    messages = [bytes(range(size)) for size in range(49)]
    tokens = [key_of(f"token {size}")[: size % 33] for size in range(49)]
    sealed = seal_identifiers(key, pl.Series(messages), pl.Series(tokens))
    assert sealed.to_list() == [
        plain_ciphers.siv_seal(key, message, [beside])
        for message, beside in zip(messages, tokens, strict=True)
    ]


@each_why(REFUSED["identifiers"])
def test_refused_identifiers(vector: dict[str, str]) -> None:
    """One exception for whatever is wrong, and one bad row stops the batch."""
    key, sealed, beside = bytes_of(vector, "key", "sealed", "token")
    with pytest.raises(EnvelopeRefused, match="identifier_refused"):
        unseal_identifiers(key, pl.Series([sealed]), pl.Series([beside]))


@each_why(REFUSED["sealing_keys"])
def test_refused_sealing_keys(vector: dict[str, str]) -> None:
    """Neither sealing nor opening under a key that is short, doubled or half zero."""
    (key,) = bytes_of(vector, "key")
    nothing = pl.Series([], dtype=pl.Binary)
    for work in (seal_identifiers, unseal_identifiers):
        with pytest.raises(KeyRefused):
            work(key, nothing, nothing)


def test_a_row_without_a_token_is_not_sealed() -> None:
    """Columns of two lengths, or with a null, never slip by one row."""
    key = key_of("sealing 1") + key_of("sealing 2")
    one, two = pl.Series([b"a"]), pl.Series([b"a", b"b"])
    with pytest.raises(ValueError, match="shorter"):
        seal_identifiers(key, two, one)
    with pytest.raises(TypeError):
        seal_identifiers(key, two, pl.Series([b"a", None]))


# --- Boxes ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(VECTORS["boxes"])))
def test_boxes(number: int) -> None:
    """A box made elsewhere opens; a box is what the plain implementation makes."""
    vector = VECTORS["boxes"][number]
    private, context, value, box = bytes_of(
        vector, "private", "context", "value", "box"
    )
    assert open_box(private, box, context) == value
    public = sealed_box.public_key(private)
    agreed = sealed_box._agreed(
        key_of("sender"), public, box[:32], public, sealed_box._BOX, 32
    )
    assert envelope._seal(agreed, value, context, bytes(range(12))) == box[32:]


@pytest.mark.parametrize(
    "values", [[b""], [b"one"], [b"some", b"", b"\x00\xff" * 40]], ids=len
)
def test_parts_of_the_plain_implementation_open(values: list[bytes]) -> None:
    """It shares no code with ours; what lacks its last part is refused."""
    key, context, sealing = key_of("parts"), b"what it is", bytes(range(16))
    made = plain_construction.parts(key, values, context, sealing)
    assert list(unseal_parts(io.BytesIO(made).read, key, context)) == values
    cut = plain_construction.parts(key, [*values, b"more"], context, sealing)[:-37]
    with pytest.raises(EnvelopeRefused):
        list(unseal_parts(io.BytesIO(cut).read, key, context))


def test_two_boxes_of_one_value_have_nothing_in_common() -> None:
    """A fresh key pair each time."""
    private, public = sealed_box.new_key_pair()
    one, other = (seal_to(public, b"value", b"context") for _ in range(2))
    assert one[:32] != other[:32]
    assert open_box(private, one, b"context") == open_box(private, other, b"context")


@each_why(REFUSED["boxes"])
def test_refused_boxes(vector: dict[str, str]) -> None:
    """One exception for whatever is wrong."""
    private, context, box = bytes_of(vector, "private", "context", "box")
    with pytest.raises(EnvelopeRefused):
        open_box(private, box, context)


@pytest.mark.parametrize("point", VECTORS["low_order"])
def test_points_of_low_order(point: str) -> None:
    """Nobody agrees with us on zero, whoever starts, and the vectors do see zero."""
    public = bytes.fromhex(point)
    assert plain_ciphers.x25519(key_of("sender"), public) == bytes(32)
    for work in (
        lambda: new_batch_key(public),
        lambda: batch_key(key_of("opening"), public),
        lambda: seal_to(public, b"value", b"context"),
    ):
        with pytest.raises(KeyRefused, match="public_key"):
            work()


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_public_keys_of_another_length(size: int) -> None:
    with pytest.raises(KeyRefused, match="public_key"):
        new_batch_key(bytes(range(size)))


# --- Halves of a key -----------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["shares"])
def test_halves(vector: dict[str, Any]) -> None:
    """Halves made elsewhere join, in either order; ours are of the same form."""
    key, (one, other) = (
        bytes.fromhex(vector["key"]),
        map(bytes.fromhex, vector["halves"]),
    )
    assert shares.join(one, other) == shares.join(other, one) == key
    own = shares.split(key)
    assert shares.join(*own) == key
    assert {half[32:] for half in own} == {one[32:]}
    assert not {half[:32] for half in own} & {one[:32], other[:32], key}


@each_why(REFUSED["halves"])
def test_refused_halves(vector: dict[str, str]) -> None:
    """No wrong key ever comes out."""
    first, second = bytes_of(vector, "first", "second")
    with pytest.raises(KeyRefused, match="share_refused"):
        shares.join(first, second)


def test_a_weak_key_is_not_cut() -> None:
    with pytest.raises(KeyRefused):
        shares.split(bytes(32))


# --- Ledger and text ------------------------------------------------------------------


def test_ledger() -> None:
    """The tags, one on the other; verified, and broken by swapping two."""
    vector = VECTORS["ledger"]
    key, head, tags = bytes.fromhex(vector["key"]), START, []
    for record in vector["records"]:
        head = next_head(key, head, record)
        tags.append(head.tag)
    assert tags == vector["tags"]
    links = list(zip(vector["records"], tags, strict=True))
    assert verify(key, links) == head
    with pytest.raises(LedgerBroken):
        verify(key, [links[1], links[0], links[2]])


@pytest.mark.attack(19)
@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC80, 0xDFFF])
def test_lone_surrogates(code: int) -> None:
    """Text without a UTF-8 form is refused for a value, and cannot enter a column."""
    text = f"a{chr(code)}b"
    for work in (lambda: encode("k", text), lambda: token(ROOT, text, "value")):
        with pytest.raises(EncodingRefused, match="not_unicode"):
            work()
    with pytest.raises(UnicodeEncodeError):
        pl.Series([text], dtype=pl.String)


@pytest.mark.parametrize("raw", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"a\xe2\x82"])
def test_bytes_that_are_not_utf8(raw: bytes) -> None:
    """Overlong, surrogate and cut sequences never become a text part."""
    column = text_part(pl.col("raw").cast(pl.String))
    frame = pl.DataFrame({"raw": [raw]})
    with pytest.raises(pl.exceptions.PolarsError):
        frame.select(column.encoded)


def test_the_worked_example_of_the_page_is_a_vector() -> None:
    """Whoever implements from the README gets these, or has misread it."""
    page = (FOLDER.parents[1] / "pseudonymisation" / "README.md").read_text("utf-8")
    example = VECTORS["chains"][0]
    for wanted in (
        bytes.fromhex(example["message"]).decode(),
        example["token"],
        example["pseudonyms"]["1"],
        example["packages"]["access"],
    ):
        assert f" {wanted}" in page
