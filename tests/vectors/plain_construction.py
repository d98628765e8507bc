"""The construction once more, from pseudonymisation/README.md and the standard library.

What belongs here: a second implementation that shares no line with the first, to make
vectors with and to compare with. hashlib and hmac only.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable

import plain_ciphers as ciphers


def encode(kind: str, *parts: str | bytes) -> bytes:
    """Version, then each part with its type and its length in bytes."""
    written = b"parity:1:"
    for part in (kind, *parts):
        tag, content = (
            (b"b", part) if isinstance(part, bytes) else (b"t", part.encode())
        )
        written += tag + str(len(content)).encode() + b":" + content
    return written


def hmac_key(key: bytes) -> bytes:
    """The key as HMAC takes it: 64 characters of lower-case hex."""
    return key.hex().encode("ascii")


def token(key: bytes, message: bytes) -> bytes:
    return hmac.digest(hmac_key(key), message, "sha256")


def pseudonym(key: bytes, domain: str, *parts: str | bytes) -> bytes:
    return token(key, encode(domain, *parts))[:16]


def uuid_text(value: bytes) -> str:
    return str(uuid.UUID(bytes=value))


def hkdf(secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869, section 2. No salt is 32 zero bytes."""
    inner = hmac.digest(salt or bytes(32), secret, "sha256")
    output, block, number = b"", b"", 0
    while len(output) < size:
        number += 1
        block = hmac.digest(inner, block + info + bytes([number]), "sha256")
        output += block
    return output[:size]


def derived(key: bytes, *label: str, salt: bytes = b"") -> bytes:
    return hkdf(key, salt, encode("derived-key", *label), 32)


def check_value(key: bytes) -> bytes:
    """Of a key: under its raw bytes, not under its hex."""
    return hmac.digest(key, b"parity key check value 1", "sha256")[:8]


def public_key(private: bytes) -> bytes:
    return ciphers.x25519(private, ciphers.BASE_POINT)


def agreed(private: bytes, recipient: bytes, use: str, size: int) -> bytes:
    """The sender's side: its private key of one occasion, the other's public key."""
    secret = ciphers.x25519(private, recipient)
    info = encode("agreed-key", use, public_key(private), recipient)
    return hkdf(secret, b"", info, size)


def envelope(key: bytes, value: bytes, context: bytes, nonce: bytes) -> bytes:
    sealed = ciphers.gcm_seal(key, nonce, value, b"\x01" + context)
    return b"\x01" + nonce + sealed


def parts(key: bytes, values: list[bytes], context: bytes, sealing: bytes) -> bytes:
    """Form, 16 bytes, then each part's length and envelope; its nonce is its number."""
    written = b"\x02" + sealing
    for number, value in enumerate(values, start=1):
        place = "last" if number == len(values) else "more"
        own = encode("sealed-part", context, sealing, str(number), place)
        sealed = envelope(key, value, own, number.to_bytes(12, "big"))
        written += len(sealed).to_bytes(4, "big") + sealed
    return written


def box(
    private: bytes, recipient: bytes, value: bytes, context: bytes, nonce: bytes
) -> bytes:
    key = agreed(private, recipient, "sealed-box", 32)
    return public_key(private) + envelope(key, value, context, nonce)


def shares(secret: bytes, pad: bytes) -> tuple[bytes, bytes]:
    check = check_value(secret)
    return pad + check, ciphers.xor(secret, pad) + check


def ledger_tags(key: bytes, records: list[str]) -> list[str]:
    tags: list[str] = []
    for number, record in enumerate(records, start=1):
        before = tags[-1] if tags else ""
        message = encode("ledger-record", str(number), before, record)
        tags.append(token(key, message).hex())
    return tags


def by_pads(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC from its definition (RFC 2104, section 2), without the hmac module.

    The two padded keys are hashed once and copied for every message.
    """
    padded = hmac_key(key)  # 64 bytes: one block, so neither hashed nor filled up
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def tag(message: bytes) -> bytes:
        first = inner.copy()
        first.update(message)
        second = outer.copy()
        second.update(first.digest())
        return second.digest()

    return tag
