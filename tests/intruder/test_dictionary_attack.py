"""The oldest attack: list every number, hash each one, look the pseudonyms up.

The intruder has the whole source, every pseudonym of the warehouse and of a package,
and a list in which everybody's number stands. There are about nine hundred million
right numbers, which one core lists in minutes; the two hundred thousand here are a
space that holds them all, so that finding nobody is not for want of a guess. What the
intruder lacks is a key: all three, or any one of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import polars as pl
import pytest
from scale import generator, scale
from threats.plugin import Intruder

from pseudonymisation.canonical_columns import nhs_number_column
from pseudonymisation.derivation import _hkdf, derive
from pseudonymisation.encoding import bytes_part, encode, encode_column, text_part
from pseudonymisation.keyed_hash import hash_column, pseudonym_column
from pseudonymisation.keys import generate_key

PEOPLE = 500
FIRST = 9_990_000_000
DOMAIN, ROLE = "person", "researcher"


@dataclass(frozen=True)
class Keys:
    """What a home keeps from everybody; the names are those of the keyring."""

    linkage: bytes
    root: bytes
    epoch: bytes
    project: bytes


@dataclass(frozen=True)
class Scene:
    """Everything the intruder sees, and (keys, numbers) what only the judge does."""

    numbers: pl.Series
    keys: Keys
    published: frozenset[bytes]
    listed: pl.Series


def hashes(key: bytes, messages: pl.Expr) -> pl.Expr:
    """Our HMAC under any key at all, also one that our own functions refuse."""
    return messages.chash.hmac_sha256(key=key.hex()).str.decode("hex")  # type: ignore[attr-defined,no-any-return]


def derived(keys: Keys) -> tuple[bytes, bytes]:
    """The keys of the two later steps, as the source says they are derived."""
    warehouse = encode("derived-key", "warehouse", DOMAIN)
    project = encode("derived-key", "project", ROLE)
    return (
        _hkdf(keys.root, keys.epoch, warehouse, 32),
        _hkdf(keys.root, keys.project, project, 32),
    )


def attempt(numbers: pl.Series, keys: Keys) -> Iterator[list[bytes]]:
    """What the numbers would be in the warehouse and in the package, under keys."""
    warehouse, project = derived(keys)
    frame = pl.DataFrame({"number": numbers}).select(
        token=hashes(
            keys.linkage, encode_column("nhs-number", text_part(pl.col("number")))
        )
    )
    for key, kind, column in (
        (warehouse, DOMAIN, "token"),
        (project, "project-pseudonym", "pseudonym"),
    ):
        message = encode_column(kind, bytes_part(pl.col(column)))
        frame = frame.select(pseudonym=hashes(key, message).bin.slice(0, 16))
        yield frame["pseudonym"].to_list()


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Five hundred people of the range for tests, among everybody listed."""
    last = FIRST + min(scale(2_200_000), 10**7)  # one in eleven is a right number
    listed = (
        pl.select(text=pl.int_range(FIRST, last).cast(pl.String))
        .select(number=nhs_number_column(pl.col("text")))
        .to_series()
        .drop_nulls()
    )
    assert len(listed) >= 199_000
    places = generator("people").choice(len(listed), PEOPLE, replace=False)
    numbers = listed.gather(places)
    keys = Keys(*(generate_key() for _ in range(4)))
    return Scene(numbers, keys, frozenset(pseudonyms(numbers, keys)), listed)


def pseudonyms(numbers: pl.Series, keys: Keys) -> Iterator[bytes]:
    """What the home hands out of its people, by the functions that it uses."""
    warehouse = derive(keys.root, "warehouse", DOMAIN, salt=keys.epoch)
    project = derive(keys.root, "project", ROLE, salt=keys.project)
    message = encode_column("nhs-number", text_part(pl.col("number")))
    found = (
        pl.DataFrame({"number": numbers})
        .select(token=hash_column(keys.linkage, message))
        .select(w=pseudonym_column(warehouse, DOMAIN, bytes_part(pl.col("token"))))
        .with_columns(
            p=pseudonym_column(project, "project-pseudonym", bytes_part(pl.col("w")))
        )
    )
    yield from found["w"]
    yield from found["p"]


def recovered(scene: Scene, guesses: Iterator[list[bytes]]) -> tuple[int, int]:
    """How many people a dictionary names, and how many entries it took.

    guesses: for each way of hashing, the hash of every number listed, in order.
    """
    named: set[str] = set()
    entries = 0
    for hashed in guesses:
        entries += len(hashed)
        for place, value in enumerate(hashed):
            if value[:16] in scene.published:
                named.add(scene.listed[place])
    return len(named & set(scene.numbers)), entries


# --- Without any key ------------------------------------------------------------------

UNKEYED = {
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}


def unkeyed_guesses(scene: Scene, spelling: Callable[[str], bytes]) -> Iterator:
    spelled = [spelling(number) for number in scene.listed]
    for make in UNKEYED.values():
        yield [make(text).digest() for text in spelled]


SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "digits": str.encode,
    "encoded": partial(encode, "nhs-number"),
}


@pytest.mark.attack(14)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_unkeyed_digests_name_nobody(
    scene: Scene, intruder: Intruder, spelling: str
) -> None:
    """MD5, SHA-1, SHA-256 and SHA-512 of every number, plain and as we encode it."""
    found, tried = recovered(scene, unkeyed_guesses(scene, SPELLINGS[spelling]))
    note = f"people named by unkeyed digests of {spelling} numbers"
    intruder.tried(tried, found, PEOPLE, note)
    assert found == 0


@pytest.mark.attack(14, control=True)
@pytest.mark.parametrize("name", UNKEYED)
def test_the_same_dictionary_names_everybody_where_there_is_no_key(
    scene: Scene, intruder: Intruder, name: str
) -> None:
    """The control: had anybody hashed the numbers without a key, all would be found."""
    make = UNKEYED[name]
    careless = frozenset(
        make(number.encode()).digest()[:16] for number in scene.numbers
    )
    open_scene = Scene(scene.numbers, scene.keys, careless, scene.listed)
    guesses = unkeyed_guesses(open_scene, str.encode)
    found, _ = recovered(open_scene, guesses)
    intruder.control(found, PEOPLE, f"people named where {name} stands for a key")
    assert found == PEOPLE


# --- With keys that people forget to change -------------------------------------------

DEFAULTS: dict[str, bytes] = {
    "zeros": bytes(32),
    "ones": b"\xff" * 32,
    "a word": b"changeme".ljust(32, b"\0"),
    "the name of the program": hashlib.sha256(b"parity").digest(),
    "a key of the test vectors": hashlib.sha256(b"parity test key 1").digest(),
}


@pytest.mark.attack(14, 15)
def test_default_keys_name_nobody(scene: Scene, intruder: Intruder) -> None:
    """Our whole construction under keys that a careless set-up would have."""
    guesses = (
        hashed
        for key in DEFAULTS.values()
        for hashed in attempt(scene.listed, Keys(key, key, key, key))
    )
    found, tried = recovered(scene, guesses)
    intruder.tried(tried, found, PEOPLE, "people named under default keys")
    assert found == 0


@pytest.mark.attack(14, 15)
def test_an_empty_key_names_nobody(scene: Scene, intruder: Intruder) -> None:
    """HMAC without a key is a digest with a detour."""
    message = partial(encode, "nhs-number")
    hashed = [hmac.digest(b"", message(n), "sha256") for n in scene.listed]
    found, tried = recovered(scene, iter([hashed]))
    intruder.tried(tried, found, PEOPLE, "people named under an empty key")
    assert found == 0


# --- With all keys but one ------------------------------------------------------------


@pytest.mark.attack(14)
@pytest.mark.parametrize("missing", ["linkage", "root", "epoch"])
def test_without_one_of_the_keys_nobody_is_named(
    scene: Scene, intruder: Intruder, missing: str
) -> None:
    """Every key but one, and for that one the defaults and the other keys."""
    known = {n: getattr(scene.keys, n) for n in ("linkage", "root", "epoch", "project")}
    others = [key for name, key in known.items() if name != missing]
    instead = [*DEFAULTS.values(), *others][:6]
    guesses = (
        hashed
        for guess in instead
        for hashed in attempt(scene.listed, Keys(**{**known, missing: guess}))
    )
    found, tried = recovered(scene, guesses)
    intruder.tried(tried, found, PEOPLE, f"people named without the {missing} key")
    assert found == 0


@pytest.mark.attack(14, control=True)
@pytest.mark.parametrize("place", [0, 1], ids=["warehouse", "package"])
def test_with_every_key_everybody_is_named(
    scene: Scene, intruder: Intruder, place: int
) -> None:
    """The control: the dictionary holds them all, and the intruder hashes as we do."""
    hashed = list(attempt(scene.listed, scene.keys))[place]
    found, _ = recovered(scene, iter([hashed]))
    intruder.control(found, PEOPLE, "people named with every key")
    assert found == PEOPLE


@pytest.mark.attack(14, 21)
def test_the_keys_of_another_epoch_and_project_name_nobody(
    scene: Scene, intruder: Intruder
) -> None:
    """A destroyed epoch key cannot be made again from the keys that live on."""
    keys = Keys(scene.keys.linkage, scene.keys.root, generate_key(), generate_key())
    found, tried = recovered(scene, attempt(scene.listed, keys))
    note = "people named with the keys of another epoch and project"
    intruder.tried(tried, found, PEOPLE, note)
    assert found == 0
