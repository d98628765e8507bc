"""Make pseudonyms.json and construction.json: `python tests/vectors/make_vectors.py`.

Only the standard library and the plain modules beside this one: no code of Parity, no
cryptography, no polars. The keys are SHA-256 of a word, so that anybody can make them
again; they protect nothing. test_construction_vectors compares the files with what this
makes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import plain_ciphers as ciphers
import plain_construction as plain

FOLDER = Path(__file__).parent

ORIGIN = (
    "Made for Parity in November 2026 by tests/vectors/make_vectors.py with Python's "
    "standard library alone, from pseudonymisation/README.md. Keys are SHA-256 of "
    "'parity test key <word>'; they protect nothing."
)

Content = dict[str, Any]


def key_of(word: str) -> bytes:
    return hashlib.sha256(f"parity test key {word}".encode()).digest()


ONE, TWO, THREE = key_of("1"), key_of("2"), key_of("3")
LINKAGE, ROOT = key_of("linkage"), key_of("root")
EPOCHS = {"1": key_of("epoch 1"), "2": key_of("epoch 2")}
PROJECTS = {"mental-health": key_of("project a"), "access": key_of("project b")}

COUNTING, FALLING = bytes(range(32)), bytes(range(255, 223, -1))

HASHED: list[tuple[bytes, str, list[str | bytes]]] = [
    (ONE, "nhs-number", ["9990000018"]),
    (ONE, "local-patient", ["ZZ1", "P1001"]),
    (ONE, "local-patient", ["ZZ1P", "1001"]),
    (TWO, "local_patient", ["ZZ1", " P1001"]),
    (TWO, "local_patient", ["ZZ1", ""]),
    (TWO, "local_patient", ["ZZ1", "Zo\u00eb \U0001d4b3 \u200b\0\n"]),
    (TWO, "local_patient", ["ZZ1", "Zoe\u0308 \U0001d4b3 \u200b\0\n"]),
    (THREE, "person", [COUNTING]),
    (THREE, "national_pathway", ["ZZ1", FALLING, "R20001"]),
    (THREE, "service_request", ["ZZ1", "x" * 1000]),
    (THREE, "k", ["t3:abc"]),
    (THREE, "k", ["t3:abc", b"t3:abc"]),
    *((THREE, "length", ["x" * size]) for size in (25, 26, 33, 34, 35, 97, 98, 1000)),
]

LABELS: list[tuple[list[str], bytes]] = [
    (["warehouse", "person"], EPOCHS["1"]),
    (["warehouse", "person"], EPOCHS["2"]),
    (["warehouse", "person"], b""),
    (["warehouse", "local_patient", "ZZ1"], EPOCHS["1"]),
    (["warehouse", "local_patient", "ZZ2"], EPOCHS["1"]),
    (["project", "access"], PROJECTS["access"]),
    (["ab", "c"], b""),
    (["a", "bc"], b""),
    (["abc"], b""),
]

# u-coordinates of order 1, 2, 4 and 8, and their doubles over the prime: whatever the
# private key, what is agreed on is zero.
_U8 = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"
_V8 = "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"
_PRIME = 2**255 - 19
LOW_ORDER = [
    *(n.to_bytes(32, "little") for n in (0, 1, _PRIME - 1, _PRIME, _PRIME + 1)),
    bytes.fromhex(_U8),
    bytes.fromhex(_V8),
]

CUTS = (0, 1, 31, 32, 33, 44, 60, 67)

# domain, provider (blank where shared), kind and parts of the message
IDENTIFIERS: list[tuple[str, str, str, list[str | bytes]]] = [
    ("person", "", "nhs-number", ["9990000018"]),
    ("person", "", "local-patient", ["ZZ1", "P1001", "1980-02-29"]),
    ("local_patient", "ZZ1", "local_patient", ["ZZ1", "P1001"]),
    ("local_patient", "ZZ2", "local_patient", ["ZZ2", "P1001"]),
    ("service_request", "ZZ1", "service_request", ["ZZ1", "P1001"]),
    ("care_contact", "ZZ1", "care_contact", ["ZZ1", "\u0417\u043e\u044f \U0001d4b3"]),
]


def parts_as_json(parts: list[str | bytes]) -> list[dict[str, str]]:
    return [
        {"bytes": part.hex()} if isinstance(part, bytes) else {"text": part}
        for part in parts
    ]


def hashed() -> list[Content]:
    found = []
    for key, kind, parts in HASHED:
        encoded = plain.encode(kind, *parts)
        tag = plain.token(key, encoded)
        found.append(
            {
                "key": key.hex(),
                "kind": kind,
                "parts": parts_as_json(parts),
                "encoded_sha256": hashlib.sha256(encoded).hexdigest(),
                "token": tag.hex(),
                "pseudonym": plain.uuid_text(tag[:16]),
            }
        )
    return found


def derived_keys() -> list[Content]:
    return [
        {
            "key": ROOT.hex(),
            "label": label,
            "salt": salt.hex(),
            "derived": plain.derived(ROOT, *label, salt=salt).hex(),
        }
        for label, salt in LABELS
    ]


def chains() -> list[Content]:
    """From message to token to pseudonym, in two epochs and for two projects."""
    found = []
    for domain, provider, kind, parts in IDENTIFIERS:
        message = plain.encode(kind, *parts)
        token = plain.token(LINKAGE, message)
        label = ["warehouse", domain, *([provider] if provider else [])]
        warehouse = {}
        for epoch, salt in EPOCHS.items():
            key = plain.derived(ROOT, *label, salt=salt)
            warehouse[epoch] = plain.pseudonym(key, domain, token)
        packages = {}
        for role, salt in PROJECTS.items():
            key = plain.derived(ROOT, "project", role, salt=salt)
            made = plain.pseudonym(key, "project-pseudonym", warehouse["1"])
            packages[role] = plain.uuid_text(made)
        found.append(
            {
                "domain": domain,
                "provider": provider,
                "kind": kind,
                "parts": parts_as_json(parts),
                "message": message.hex(),
                "token": token.hex(),
                "pseudonyms": {e: plain.uuid_text(p) for e, p in warehouse.items()},
                "packages": packages,
            }
        )
    return found


def sealed_identifiers() -> list[Content]:
    """Under one batch key, agreed between a batch's key pair and the home's."""
    recipient, batch = key_of("opening"), key_of("batch")
    key = plain.agreed(batch, plain.public_key(recipient), "identifier-batch", 64)
    rows = []
    for _, _, kind, parts in IDENTIFIERS:
        message = plain.encode(kind, *parts)
        token = plain.token(LINKAGE, message)
        sealed = ciphers.siv_seal(key, message, [token])
        rows.append(
            {"message": message.hex(), "token": token.hex(), "sealed": sealed.hex()}
        )
    opening = {"private": recipient.hex(), "public": plain.public_key(recipient).hex()}
    public = plain.public_key(batch).hex()
    return [{"opening": opening, "batch": public, "key": key.hex(), "rows": rows}]


def boxes() -> list[Content]:
    recipient, sender = key_of("recipient"), key_of("sender")
    public = plain.public_key(recipient)
    return [
        {
            "private": recipient.hex(),
            "context": context.hex(),
            "value": value.hex(),
            "box": plain.box(sender, public, value, context, bytes(range(12))).hex(),
        }
        for value, context in [
            (b"", plain.encode("context")),
            (b"a value", plain.encode("context", "one")),
            (bytes(100), plain.encode("context", "two", b"\xff")),
        ]
    ]


def halves() -> list[Content]:
    found = []
    for word in ("shared 1", "shared 2"):
        key, pad = key_of(word), key_of(f"pad of {word}")
        found.append(
            {"key": key.hex(), "halves": [s.hex() for s in plain.shares(key, pad)]}
        )
    return found


def ledger() -> Content:
    records = ['{"event": "one"}', "", "Zo\u00eb"]
    tags = plain.ledger_tags(ONE, records)
    return {"key": ONE.hex(), "records": records, "tags": tags}


def altered(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 0x80
    return bytes(changed)


def refused(why: str, **content: bytes) -> Content:
    return {"why": why, **{name: value.hex() for name, value in content.items()}}


def refused_boxes() -> list[Content]:
    """What must not open with the private key of the recipient, and why."""
    private, sender = key_of("recipient"), key_of("sender")
    public, other = plain.public_key(private), plain.public_key(key_of("other"))
    context, nonce, value = plain.encode("context"), bytes(range(12)), b"a value"
    good = plain.box(sender, public, value, context, nonce)
    key = plain.agreed(sender, public, "identifier-batch", 64)[:32]
    other_use = good[:32] + plain.envelope(key, value, context, nonce)
    elsewhere = plain.box(sender, other, value, context, nonce)
    cases = [
        ("another context", plain.encode("context", ""), good),
        ("no context", b"", good),
        ("for another recipient", context, elsewhere),
        ("a key agreed for another use", context, other_use),
        ("another public key before the envelope", context, other + good[32:]),
        (
            "the bit of the public key that X25519 passes over",
            context,
            altered(good, 31),
        ),
        ("public key altered", context, altered(good, 0)),
        ("version altered", context, altered(good, 32)),
        ("nonce altered", context, altered(good, 33)),
        ("ciphertext altered", context, altered(good, 45)),
        ("tag altered", context, altered(good, -1)),
        ("one byte too many", context, good + b"\0"),
        *((f"{size} bytes only", context, good[:size]) for size in CUTS),
        *(("low order", context, point + good[32:]) for point in LOW_ORDER),
    ]
    return [
        refused(why, private=private, context=about, box=box)
        for why, about, box in cases
    ]


def refused_identifiers() -> list[Content]:
    """What must not open under the batch key with its token."""
    key = plain.agreed(key_of("batch"), plain.public_key(TWO), "identifier-batch", 64)
    message = plain.encode("nhs-number", "9990000018")
    token = plain.token(LINKAGE, message)
    good = ciphers.siv_seal(key, message, [token])
    other = plain.agreed(key_of("batch"), plain.public_key(ONE), "identifier-batch", 64)
    cases = [
        ("another token", key, good, plain.token(LINKAGE, b"")),
        ("no token", key, good, b""),
        ("token cut short", key, good, token[:16]),
        ("another batch", other, good, token),
        ("the halves of the key the wrong way round", key[32:] + key[:32], good, token),
        ("sealed without a token", key, ciphers.siv_seal(key, message, []), token),
        (
            "token in two parts",
            key,
            ciphers.siv_seal(key, message, [token, b""]),
            token,
        ),
        ("vector altered", key, altered(good, 0), token),
        ("ciphertext altered", key, altered(good, 16), token),
        ("last byte altered", key, altered(good, -1), token),
        ("one byte too many", key, good + b"\0", token),
        ("vector moved behind", key, good[16:] + good[:16], token),
        *((f"{size} bytes only", key, good[:size], token) for size in (0, 1, 15, 16)),
    ]
    return [
        refused(why, key=key, sealed=sealed, token=beside)
        for why, key, sealed, beside in cases
    ]


def refused_sealing_keys() -> list[Content]:
    good = plain.agreed(key_of("batch"), plain.public_key(TWO), "identifier-batch", 64)
    cases = [
        ("half a key", good[:32]),
        ("a byte short", good[:63]),
        ("a byte long", good + b"\0"),
        ("the same half twice", good[:32] * 2),
        ("half of it zero", good[:32] + bytes(32)),
        ("text", good.hex().encode()[:64]),
        ("empty", b""),
    ]
    return [refused(why, key=key) for why, key in cases]


def refused_halves() -> list[Content]:
    one, other = plain.shares(key_of("shared 1"), key_of("pad of shared 1"))
    third, fourth = plain.shares(key_of("shared 2"), key_of("pad of shared 2"))
    same_key, _ = plain.shares(key_of("shared 1"), key_of("another pad"))
    cases = [
        ("one half twice", one, one),
        ("halves of two keys", one, fourth),
        ("halves of two keys, the other way", third, other),
        ("halves of one key from two cuts", same_key, other),
        ("content altered", altered(one, 0), other),
        ("check value altered in the first", altered(one, 32), other),
        ("check value altered in the second", one, altered(other, -1)),
        ("check value missing", one[:32], other[:32]),
        ("a byte short", one, other[:-1]),
        ("a byte long", one + b"\0", other),
        ("nothing", b"", b""),
    ]
    return [refused(why, first=first, second=second) for why, first, second in cases]


def pseudonyms_file() -> Content:
    return {
        "origin": ORIGIN,
        "pseudonyms": hashed(),
        "derived_keys": derived_keys(),
        "check_values": [
            {"key": key.hex(), "check_value": plain.check_value(key).hex()}
            for key in (ONE, TWO, THREE)
        ],
    }


def construction_file() -> Content:
    return {
        "origin": ORIGIN,
        "linkage": LINKAGE.hex(),
        "root": ROOT.hex(),
        "epochs": {name: key.hex() for name, key in EPOCHS.items()},
        "projects": {name: key.hex() for name, key in PROJECTS.items()},
        "chains": chains(),
        "sealed_identifiers": sealed_identifiers(),
        "boxes": boxes(),
        "shares": halves(),
        "ledger": ledger(),
        "low_order": [point.hex() for point in LOW_ORDER],
        "refused": {
            "boxes": refused_boxes(),
            "identifiers": refused_identifiers(),
            "sealing_keys": refused_sealing_keys(),
            "halves": refused_halves(),
        },
    }


FILES = {"pseudonyms.json": pseudonyms_file, "construction.json": construction_file}


if __name__ == "__main__":
    for name, make in FILES.items():
        written = json.dumps(make(), indent=1) + "\n"
        (FOLDER / name).write_text(written, encoding="ascii")
