"""Published known answers, run through the very functions that make our pseudonyms.

RFC 4231 (HMAC), RFC 5869 (HKDF), RFC 7914 (scrypt) and NIST's GCM vectors, all as the
package cryptography_vectors holds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import polars as pl
import pytest

from pseudonymisation.derivation import hkdf
from pseudonymisation.envelope import _seal
from pseudonymisation.errors import KeyRefused
from pseudonymisation.keyed_hash import _hmac
from pseudonymisation.passphrase_key import _scrypt

FOLDER = Path(cryptography_vectors.__file__).parent


def records(name: str, last: str) -> Iterator[dict[str, str]]:
    """The `name = value` blocks of a vector file; `last` names a block's last line."""
    record: dict[str, str] = {}
    for line in (FOLDER / name).read_text().splitlines():
        if line.startswith("#") or "=" not in line:
            continue
        key, _, value = line.partition("=")
        record[key.strip()] = value.strip().strip('"')
        if key.strip() == last:
            yield record
            record = {}


HMAC_RECORDS = list(records("HMAC/rfc-4231-sha256.txt", "MD"))
HKDF_RECORDS = list(records("KDF/rfc-5869-HKDF-SHA256.txt", "OKM"))
SCRYPT_RECORDS = list(records("KDF/scrypt.txt", "DERIVED_KEY"))


def test_hmac_reference() -> None:
    """RFC 4231: the reference path, every vector of the file."""
    assert len(HMAC_RECORDS) == 6
    for record in HMAC_RECORDS:
        message = bytes.fromhex(record["Msg"])
        found = _hmac(bytes.fromhex(record["Key"]), message)
        assert found.hex() == record["MD"]


def test_hmac_column() -> None:
    """RFC 4231: polars-hash, every vector whose key is text (its keys are text)."""
    texts = [r for r in HMAC_RECORDS if bytes.fromhex(r["Key"]).isascii()]
    assert len(texts) == 3
    for record in texts:
        message = pl.DataFrame({"message": [bytes.fromhex(record["Msg"])]})
        key = bytes.fromhex(record["Key"]).decode("ascii")
        found = message.select(pl.col("message").chash.hmac_sha256(key=key)).item()
        assert found == record["MD"]


def test_hkdf() -> None:
    """RFC 5869, SHA-256: with and without salt and info."""
    assert len(HKDF_RECORDS) == 3
    for record in HKDF_RECORDS:
        salt, info = (bytes.fromhex(record[name]) for name in ("salt", "info"))
        key = bytes.fromhex(record["IKM"])
        assert hkdf(key, salt or None, info, int(record["L"])).hex() == record["OKM"]


def test_scrypt() -> None:
    """RFC 7914: the vectors that need under 32 MiB."""
    small = [r for r in SCRYPT_RECORDS if int(r["N"]) <= 2**14]
    assert len(small) == 3
    for record in small:
        cost = (int(record[name]) for name in ("N", "r", "p"))
        password, salt = record["PASSWORD"].encode(), record["SALT"].encode()
        found = _scrypt(password, salt, *cost, int(record["LENGTH"]))
        assert found.hex() == record["DERIVED_KEY"]


def test_envelope_is_aes_256_gcm() -> None:
    """NIST's vectors with 96-bit nonces: version, nonce, then their cipher text.

    Our tag also covers the version byte, so it is not theirs; the cipher text is.
    """
    compared = 0
    for record in _gcm_records():
        key, nonce = bytes.fromhex(record["Key"]), bytes.fromhex(record["IV"])
        text, cipher_text = bytes.fromhex(record["PT"]), bytes.fromhex(record["CT"])
        sealed = _seal(key, text, b"any context", nonce)
        assert sealed[:1] == b"\x01"
        assert sealed[1:13] == nonce
        assert sealed[13:-16] == cipher_text
        compared += 1
    assert compared == 30


def _gcm_records() -> list[dict[str, str]]:
    """The first thirty vectors with a 32-byte key, a 12-byte nonce and some text."""
    found: list[dict[str, str]] = []
    record: dict[str, str] = {}
    for line in (FOLDER / "ciphers/AES/GCM/gcmEncryptExtIV256.rsp").open():
        key, is_pair, value = line.partition("=")
        if not is_pair or line.startswith(("#", "[")):
            continue
        record[key.strip()] = value.strip()
        if key.strip() == "Tag":
            if len(record["IV"]) == 24 and record["PT"]:
                found.append(record)
            record = {}
        if len(found) == 30:
            break
    return found


@pytest.mark.parametrize("size", [31, 33, 64])
def test_envelope_refuses_other_key_sizes(size: int) -> None:
    """AES-128 or a longer key never slips in."""
    with pytest.raises(KeyRefused, match="key_length"):
        _seal(bytes(range(size)), b"value", b"context", bytes(12))
