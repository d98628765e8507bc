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
    }


FILES = {"pseudonyms.json": pseudonyms_file, "construction.json": construction_file}


if __name__ == "__main__":
    for name, make in FILES.items():
        written = json.dumps(make(), indent=1) + "\n"
        (FOLDER / name).write_text(written, encoding="ascii")
