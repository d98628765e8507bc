"""Thirty keys that no generator would give, refused wherever a key is taken."""

from __future__ import annotations

import ast
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import polars as pl
import pytest

from parity.access.limits import Limits
from parity.access.session import open_locked
from parity.home import Home
from parity.home.encrypted_database import attach_encrypted
from parity.home.errors import HomeError
from parity.home.key_record import new_record
from parity.home.key_socket import given, key_of
from parity.home.key_wrapping import HeldKey, new_provider, open_provider
from parity.home.keyring import Keyring
from parity.home.ledger import Ledger
from parity.home.passphrase import wrapping_key
from parity.home.secret import WrappingKey
from parity.intake.seal import content_id, opened_copy, seal_copy
from parity.intake.slot import Slot
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.store import Vault
from parity.warehouse.digest import table_digests
from pseudonymisation.derivation import derive
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import CodedError, KeyRefused
from pseudonymisation.keyed_hash import (
    hash_column,
    pseudonym,
    pseudonym_column,
    pseudonym_text_column,
    token,
    token_column,
)
from pseudonymisation.keys import check_key, check_value, generate_key
from pseudonymisation.ledger_chain import START, next_head, verify
from pseudonymisation.ledger_checkpoint import checkpoint_public_key, sign_checkpoint
from pseudonymisation.sealed_identifier import seal_identifiers, unseal_identifiers
from pseudonymisation.sealed_parts import PartsWriter, unseal_parts
from pseudonymisation.shares import split

ROOT = Path(__file__).parents[2]
BAD = json.loads((ROOT / "tests/vectors/bad_keys.json").read_text())["bad_keys"]
GOOD = generate_key()
SLOT = Slot.from_name("RX1_2025-04_primary")
COPY = UUID(int=1)
BYTES = pl.Series([b"bytes"])


def bytes_of(bad: dict[str, str]) -> bytes:
    return bytes.fromhex(bad["hex"]) if "hex" in bad else bad["text"].encode()


def by_credential(key: bytes, folder: Path) -> object:
    file = folder / "parity-wrapping-key"
    file.touch(mode=0o600)
    file.write_bytes(key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDENTIALS_DIRECTORY", str(folder))
        return wrapping_key()


def by_generator(key: bytes, folder: Path) -> object:
    """A generator that fails: what it gives goes into no keyring."""
    keyring = Keyring.create(folder / "keyring.json", WrappingKey(GOOD))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pseudonymisation.keys.secrets.token_bytes", lambda _: key)
        return keyring.generate("ledger", "ledger")


def by_wrapped_key(key: bytes, folder: Path) -> object:
    """A weak key that somebody wrapped and sealed by the rules is not given out."""
    keyring = Keyring.create(folder / "keyring.json", WrappingKey(GOOD))
    value = hmac.digest(key, b"parity key check value 1", "sha256")[:8].hex()
    record = new_record("one", "file", 1, "active", datetime.now(UTC), value)
    envelope = seal(derive(GOOD, "keyring", "wrapping"), key, record.context)
    sealed = replace(record, wrapped=b64encode(envelope).decode())
    keyring._file.write(keyring._file.drafted([sealed]))
    try:
        return keyring.key("one")
    except HomeError as refusal:
        raise KeyRefused(refusal.code, "seen as damage") from None


def by_vault(key: bytes, folder: Path) -> object:
    home = Home(folder, "synthetic")
    for path in (home.vault, home.spill):
        path.mkdir(mode=0o700, parents=True)
    with Vault.open(home, key) as vault:
        return vault


def by_opened_copy(key: bytes, folder: Path) -> object:
    file = folder / f"{COPY}.sealed"
    file.touch(mode=0o600)
    file.write_bytes(b"\x01" * 64)
    with opened_copy(file, key, folder) as path:
        return path


def by_sealed_copy(key: bytes, folder: Path) -> None:
    file = folder / "one.csv"
    file.write_text("a\n1\n")
    seal_copy(file, folder / "sealed", key, COPY)


# Whoever takes a key, by the name of the function; each is a door of its own.
DOORS: dict[str, Callable[[bytes, Path], object]] = {
    "check_key": lambda k, _: check_key(k),
    "check_value": lambda k, _: check_value(k),
    "derive": lambda k, _: derive(k, "label"),
    "derive salt": lambda k, _: derive(GOOD, "label", salt=k),
    "split": lambda k, _: split(k),
    "seal_identifiers": lambda k, _: seal_identifiers(k + GOOD, BYTES, BYTES),
    "unseal_identifiers": lambda k, _: unseal_identifiers(GOOD + k, BYTES, BYTES),
    "hash_column": lambda k, _: hash_column(k, pl.col("message")),
    "token": lambda k, _: token(k, "kind", "value"),
    "pseudonym": lambda k, _: pseudonym(k, "kind", "value"),
    "token_column": lambda k, _: token_column(k, "kind", "value"),
    "pseudonym_column": lambda k, _: pseudonym_column(k, "kind", "value"),
    "pseudonym_text_column": lambda k, _: pseudonym_text_column(k, "kind", "value"),
    "seal": lambda k, _: seal(k, GOOD, b"context"),
    "unseal": lambda k, _: unseal(k, b"\x01" * 64, b"context"),
    "PartsWriter": lambda k, _: PartsWriter(bytes, k, b"context"),
    "unseal_parts": lambda k, _: list(unseal_parts(bytes, k, b"context")),
    "next_head": lambda k, _: next_head(k, START, "record"),
    "verify": lambda k, _: verify(k, [("record", "tag")]),
    "sign_checkpoint": lambda k, _: sign_checkpoint(k, START, datetime.now(UTC)),
    "checkpoint_public_key": lambda k, _: checkpoint_public_key(k),
    "HeldKey": lambda k, _: HeldKey(k),
    "HeldKey.wrap": lambda k, _: HeldKey(GOOD).wrap(k, b"context"),
    "HeldKey.unwrap": lambda k, _: HeldKey(GOOD).unwrap(
        seal(derive(GOOD, "keyring", "wrapping"), k, b"context"), b"context"
    ),
    "new_provider": lambda k, _: new_provider(WrappingKey(k)),
    "open_provider": lambda k, _: open_provider(
        {"name": "systemd-credential", "check": ""}, WrappingKey(k)
    ),
    "systemd credential": by_credential,
    "Keyring.generate": by_generator,
    "Keyring.key": by_wrapped_key,
    "key socket": lambda k, _: key_of(given(k)) if len(k) == 32 else check_key(k),
    "attach_encrypted": lambda k, folder: attach_encrypted(
        duckdb.connect(), folder / "file.duckdb", "landed", k
    ),
    "open_locked": lambda k, folder: open_locked(folder / "p.duckdb", k, Limits()),
    "Vault.open": by_vault,
    "Ledger.append": lambda k, folder: Ledger(folder / "l.jsonl", k).append("event"),
    "IdentifierKeys.root": lambda k, _: IdentifierKeys(k, GOOD, GOOD, 1),
    "IdentifierKeys.linkage": lambda k, _: IdentifierKeys(GOOD, k, GOOD, 1),
    "IdentifierKeys.epoch_key": lambda k, _: IdentifierKeys(GOOD, GOOD, k, 1),
    "content_id": lambda k, _: content_id({"t": pl.DataFrame({"a": [1]})}, SLOT, k),
    "seal_copy": by_sealed_copy,
    "opened_copy": by_opened_copy,
    "table_digests": lambda k, _: table_digests(duckdb.connect(), "memory", k),
}


@pytest.mark.attack(15)
@pytest.mark.parametrize("door", DOORS)
def test_bad_keys(door: str, tmp_path: Path) -> None:
    """All of them at each door, before anything is done with them."""
    assert len(BAD) >= 30
    for place, bad in enumerate(BAD):
        folder = tmp_path / str(place)
        folder.mkdir(mode=0o700)
        with pytest.raises(KeyRefused):
            DOORS[door](bytes_of(bad), folder)


@pytest.mark.attack(15, control=True)
@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_good_key_is_not_refused(door: str, tmp_path: Path) -> None:
    """The doors are not simply shut: they give something, or a later refusal."""
    try:
        DOORS[door](generate_key(), tmp_path)
    except CodedError as refusal:
        if isinstance(refusal, KeyRefused):
            pytest.fail(f"{door}: {refusal.code}")


def takes_key(tree: ast.Module) -> set[str]:
    """Public functions with a parameter that is a key by its name and type."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            for argument in node.args.args:
                kind = argument.annotation
                named = argument.arg in ("key", "root")
                if named and isinstance(kind, ast.Name) and kind.id == "bytes":
                    found.add(node.name)
    return found


# Functions that hand a key on to a door above, one and the same line later.
HANDED_ON = {
    "project_pseudonym": "pseudonym_text_column",
    "copied_files": "opened_copy",
    "copied_names": "opened_copy",
    "create_package_file": "attach_encrypted",
    "given": "key_of looks at the other end",
    "map_pseudonyms": "pseudonym_text_column",
    "is_sealed_with": "unseal_parts",
    "run_session": "open_locked",
    "seal_anew": "unseal_parts, then PartsWriter",
    "fill_package": "map_pseudonyms",
}


def test_no_door_is_forgotten() -> None:
    """A new function that takes a key stands above, or says where it hands it on."""
    files = [*ROOT.glob("parity/**/*.py"), *ROOT.glob("pseudonymisation/*.py")]
    found = {name for f in files for name in takes_key(ast.parse(f.read_text("utf-8")))}
    known = {word for door in DOORS for word in door.split(".")} | HANDED_ON.keys()
    classes = {"open", "wrap"}  # methods, named with their class above
    assert found - known - classes == set()
    assert "seal" in found
