"""Our own known answers: pseudonyms, derived keys, identifiers, bad keys.

Each data file names its origin. What is refused is a vector as well.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pseudonymisation.canonical import birth_date, nhs_number, postcode
from pseudonymisation.canonical_columns import (
    birth_date_column,
    nhs_number_column,
    nhs_number_refusal,
    postcode_column,
)
from pseudonymisation.derivation import derive
from pseudonymisation.encoding import Part, bytes_part, encode, text_part
from pseudonymisation.errors import IdentifierRefused, KeyRefused
from pseudonymisation.keyed_hash import (
    pseudonym,
    pseudonym_column,
    token,
    token_column,
    uuid_text,
    uuid_text_column,
)
from pseudonymisation.keys import check_key, check_value

FOLDER = Path(__file__).parent
PSEUDONYMS = json.loads((FOLDER / "pseudonyms.json").read_text())
IDENTIFIERS = json.loads((FOLDER / "identifiers.json").read_text())
BAD_KEYS = json.loads((FOLDER / "bad_keys.json").read_text())["bad_keys"]

SCALAR = {"nhs_number": nhs_number, "postcode": postcode, "birth_date": birth_date}
COLUMN = {
    "nhs_number": nhs_number_column,
    "postcode": postcode_column,
    "birth_date": birth_date_column,
}


def parts_of(vector: dict[str, Any]) -> list[Part]:
    return [
        bytes.fromhex(part["bytes"]) if "bytes" in part else str(part["text"])
        for part in vector["parts"]
    ]


@pytest.mark.parametrize("number", range(len(PSEUDONYMS["pseudonyms"])))
def test_pseudonyms(number: int) -> None:
    """Encoding, token and pseudonym of one value, and of the same value in a column."""
    vector = PSEUDONYMS["pseudonyms"][number]
    key, kind, parts = bytes.fromhex(vector["key"]), vector["kind"], parts_of(vector)
    encoded = encode(kind, *parts)
    assert hashlib.sha256(encoded).hexdigest() == vector["encoded_sha256"]
    assert token(key, kind, *parts).hex() == vector["token"]
    assert uuid_text(pseudonym(key, kind, *parts)) == vector["pseudonym"]

    columns = [
        (bytes_part if isinstance(part, bytes) else text_part)(pl.col(str(place)))
        for place, part in enumerate(parts)
    ]
    row = pl.DataFrame({str(place): [part] for place, part in enumerate(parts)})
    found = row.select(
        token=token_column(key, kind, *columns).bin.encode("hex"),
        pseudonym=uuid_text_column(pseudonym_column(key, kind, *columns)),
    )
    assert found.row(0) == (vector["token"], vector["pseudonym"])


@pytest.mark.attack(19, 21)
def test_derived_keys() -> None:
    """HKDF with labels and salts; ("ab", "c"), ("a", "bc"), ("abc") are three keys."""
    found = [
        derive(
            bytes.fromhex(vector["key"]),
            *vector["label"],
            salt=bytes.fromhex(vector["salt"]) or None,
        ).hex()
        for vector in PSEUDONYMS["derived_keys"]
    ]
    assert found == [vector["derived"] for vector in PSEUDONYMS["derived_keys"]]
    assert len(set(found)) == len(found)


def test_check_values() -> None:
    """What a keyring file shows of a key."""
    for vector in PSEUDONYMS["check_values"]:
        assert check_value(bytes.fromhex(vector["key"])) == vector["check_value"]


@pytest.mark.attack(16)
@pytest.mark.parametrize("kind", SCALAR)
def test_canonical_forms(kind: str) -> None:
    """Spellings of one identifier that meet, for a value and for a column."""
    given, wanted = zip(*IDENTIFIERS[kind]["canonical"], strict=True)
    assert [str(SCALAR[kind](text)) for text in given] == list(wanted)
    column = pl.DataFrame({"text": given}).select(COLUMN[kind](pl.col("text")))
    assert column.to_series().cast(pl.String).to_list() == list(wanted)


@pytest.mark.attack(16)
@pytest.mark.parametrize("kind", SCALAR)
def test_canonical_form_of_a_canonical_form(kind: str) -> None:
    """Doing it twice changes nothing."""
    for _, wanted in IDENTIFIERS[kind]["canonical"]:
        assert str(SCALAR[kind](wanted)) == wanted


@pytest.mark.attack(16, 17)
@pytest.mark.parametrize("kind", SCALAR)
def test_refused_identifiers(kind: str) -> None:
    """Everything else is refused by its code, and is null in a column."""
    for text, code in IDENTIFIERS[kind]["refused"]:
        with pytest.raises(IdentifierRefused) as refusal:
            SCALAR[kind](text)
        assert refusal.value.code == code
        assert not text.strip() or text not in str(refusal.value)
    texts = [text for text, _ in IDENTIFIERS[kind]["refused"]]
    column = pl.DataFrame({"text": texts}).select(COLUMN[kind](pl.col("text")))
    assert column.to_series().null_count() == len(texts)


def test_refusal_codes_of_a_column() -> None:
    """The column says why, in the words of the form for one value."""
    texts, codes = zip(*IDENTIFIERS["nhs_number"]["refused"], strict=True)
    frame = pl.DataFrame({"text": [*texts, "9990000018", None]})
    found = frame.select(nhs_number_refusal(pl.col("text"))).to_series().to_list()
    assert found == [*codes, None, "nhs_number_blank"]


@pytest.mark.attack(15)
def test_thirty_bad_keys() -> None:
    """Whatever takes a key refuses these, by one gate."""
    assert len(BAD_KEYS) >= 30
    for bad in BAD_KEYS:
        key = bytes.fromhex(bad["hex"]) if "hex" in bad else bad["text"].encode()
        with pytest.raises(KeyRefused):
            check_key(key)
        with pytest.raises(KeyRefused):
            token(key, "kind", "value")
        with pytest.raises(KeyRefused):
            token_column(key, "kind", text_part(pl.col("value")))
        with pytest.raises(KeyRefused):
            derive(key, "label")
