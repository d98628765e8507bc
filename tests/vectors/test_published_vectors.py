"""Published known answers, run through the very functions that make our pseudonyms.

RFC 4231 (HMAC), RFC 5869 (HKDF), RFC 7914 (scrypt), RFC 5297 (AES-SIV), RFC 7748
(X25519) and NIST's GCM vectors, all as the package cryptography_vectors holds them. The
plain implementations that our own vectors are made with go through them as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import plain_ciphers
import plain_construction
import polars as pl
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from pseudonymisation.derivation import _hkdf
from pseudonymisation.envelope import _seal
from pseudonymisation.errors import KeyRefused
from pseudonymisation.keyed_hash import PSEUDONYM_BYTES, _hmac
from pseudonymisation.passphrase_key import _scrypt
from pseudonymisation.sealed_box import _shared, public_key

FOLDER = Path(cryptography_vectors.__file__).parent


# RFC 7748, section 6.1: two private keys and the secret of the pair.
ALICE = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
BOB = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
AGREED = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


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
SIV_RECORDS = list(records("ciphers/AES/SIV/openssl.txt", "Ciphertext"))
X25519_RECORDS = list(records("asymmetric/X25519/rfc7748.txt", "OUTPUT_U"))
SCRYPT_RECORDS = list(records("KDF/scrypt.txt", "DERIVED_KEY"))


def test_hmac_reference() -> None:
    """RFC 4231: the reference path, every vector of the file."""
    assert len(HMAC_RECORDS) == 6
    for record in HMAC_RECORDS:
        message = bytes.fromhex(record["Msg"])
        found = _hmac(bytes.fromhex(record["Key"]), message)
        assert found.hex() == record["MD"]


def test_hmac_cut_short() -> None:
    """RFC 4231, case 5, which the file leaves out: the first 16 bytes, as ours are."""
    tag = _hmac(b"\x0c" * 20, b"Test With Truncation")
    assert tag[:PSEUDONYM_BYTES].hex() == "a3b6167473100ee06e0c796c2955552b"


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
        assert _hkdf(key, salt or None, info, int(record["L"])).hex() == record["OKM"]


def test_scrypt() -> None:
    """RFC 7914: the vectors that need under 32 MiB."""
    small = [r for r in SCRYPT_RECORDS if int(r["N"]) <= 2**14]
    assert len(small) == 3
    for record in small:
        cost = (int(record[name]) for name in ("N", "r", "p"))
        password, salt = record["PASSWORD"].encode(), record["SALT"].encode()
        found = _scrypt(password, salt, *cost, int(record["LENGTH"]))
        assert found.hex() == record["DERIVED_KEY"]


def test_aes_siv() -> None:
    """RFC 5297, A.1 and A.2, and OpenSSL's with longer keys: theirs and the plain one.

    Ours takes 64-byte keys of random bytes only, which no vector has; it is held to the
    plain implementation in test_construction_vectors.
    """
    assert len(SIV_RECORDS) == 4
    for record in SIV_RECORDS:
        names = [name for name in ("AAD", "AAD2", "AAD3") if name in record]
        associated = [bytes.fromhex(record[name]) for name in names]
        key, text = bytes.fromhex(record["Key"]), bytes.fromhex(record["Plaintext"])
        wanted = bytes.fromhex(record["Tag"] + record["Ciphertext"])
        assert AESSIV(key).encrypt(text, associated) == wanted
        assert plain_ciphers.siv_seal(key, text, associated) == wanted


def test_x25519() -> None:
    """RFC 7748, section 5.2: two products, and the ladder climbed once."""
    assert len(X25519_RECORDS) == 3
    for record in X25519_RECORDS:
        scalar, point = (
            bytes.fromhex(record[name]) for name in ("INPUT_SCALAR", "INPUT_U")
        )
        wanted = bytes.fromhex(record["OUTPUT_U"])
        assert plain_ciphers.x25519(scalar, point) == wanted
        assert _shared(scalar, point) == wanted


def test_x25519_between_two() -> None:
    """RFC 7748, section 6.1: Alice, Bob and what they agree on."""
    alice, bob = (bytes.fromhex(text) for text in (ALICE, BOB))
    for agreed in (_shared, plain_ciphers.x25519):
        assert agreed(alice, public_key(bob)).hex() == AGREED
        assert agreed(bob, public_key(alice)).hex() == AGREED
    assert public_key(alice) == plain_construction.public_key(alice)


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
        plain = plain_construction.envelope(key, text, b"any context", nonce)
        assert sealed == plain
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
