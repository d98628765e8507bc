"""The publisher's signature: Ed25519 over a manifest that names every file by checksum.

The signing key is a key of the keyring, `publisher`, made when first used; its public
half stands in each manifest. What a former version signed is believed for as long as
that version reads; never what one signed that is marked as known to others.

A reader who wants to know who published compares that with the public key he was told
by another way; a manifest alone proves only that nothing was changed since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parity.home.unlock import Keyring
from parity.publication.errors import PublicationError

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
PUBLISHER_KEY = "publisher"


def publisher_key(keyring: Keyring) -> Ed25519PrivateKey:
    """The signing key; made in the keyring when it is not there yet."""
    if PUBLISHER_KEY not in keyring.names():
        keyring.generate(PUBLISHER_KEY, "signing")
    return Ed25519PrivateKey.from_private_bytes(keyring.key(PUBLISHER_KEY))


def publisher_public_key(keyring: Keyring) -> bytes:
    """The 32 bytes by which others check what this home publishes from now on."""
    return _public_bytes(publisher_key(keyring))


def publisher_public_keys(keyring: Keyring) -> frozenset[bytes]:
    """Those of all versions of the signing key that are believed today."""
    private = [
        Ed25519PrivateKey.from_private_bytes(
            keyring.key_to_read(PUBLISHER_KEY, version)
        )
        for version in keyring.versions_to_read(PUBLISHER_KEY)
    ]
    return frozenset(_public_bytes(key) for key in private)


def signed_manifest(
    content: dict[str, Any], key: Ed25519PrivateKey
) -> dict[str, bytes]:
    """The manifest and its signature by file name; the public key is added to it."""
    complete = {**content, "publisher_public_key": _public_bytes(key).hex()}
    text = json.dumps(complete, indent=1, sort_keys=True).encode("ascii") + b"\n"
    return {MANIFEST: text, SIGNATURE: key.sign(text).hex().encode("ascii") + b"\n"}


def read_manifest(
    folder: Path, public_key: bytes | Collection[bytes] | None = None
) -> dict[str, Any]:
    """The manifest of a folder, its signature checked. Raises PublicationError.

    public_key: the publisher's, 32 bytes, as known from elsewhere, or the several that
    are believed; without it, the one that the manifest itself names, which shows damage
    and no more.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
        signature = bytes.fromhex((folder / SIGNATURE).read_text("ascii"))
        content = json.loads(text)
        named = bytes.fromhex(content["publisher_public_key"])
        signer = Ed25519PublicKey.from_public_bytes(_believed(named, public_key))
    except (OSError, ValueError, KeyError, TypeError):
        raise PublicationError(
            "manifest_unreadable", "the manifest or its signature cannot be read"
        ) from None
    try:
        signer.verify(signature, text)
    except InvalidSignature:
        raise PublicationError(
            "signature", "the manifest is not what this publisher signed"
        ) from None
    return dict(content)


def check_publication(folder: Path, public_key: bytes | None = None) -> dict[str, Any]:
    """Return the manifest of a publication that is whole. Raises PublicationError.

    Whole: the signature holds, every file is there and unchanged, none is there
    besides.
    """
    manifest = read_manifest(folder, public_key)
    expected = {entry["file"]: entry["sha256"] for entry in manifest["files"]}
    present = {path.name for path in folder.iterdir()} - {MANIFEST, SIGNATURE}
    if present != expected.keys():
        raise PublicationError("other_files", "files are missing, or there are others")
    for name, digest in expected.items():
        if sha256(folder / name) != digest:
            raise PublicationError("altered", f"{name} is not what was published")
    return manifest


def sha256(path: Path) -> str:
    """The checksum of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _believed(named: bytes, known: bytes | Collection[bytes] | None) -> bytes:
    """The key to check with: the one named, if it is among those known; else another.

    A manifest that names a stranger is checked with a known key, and so refused.
    """
    if known is None:
        return named
    keys = (known,) if isinstance(known, bytes) else tuple(known)
    if named in keys:
        return named
    if not keys:
        raise PublicationError("signature", "no signing key of this home is believed")
    return keys[0]


def _public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
