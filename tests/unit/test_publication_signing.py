"""Signatures outlive the key that made them, unless it is marked as known to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.home.keyring import Keyring
from parity.home.private_files import write_private
from parity.home.secret import WrappingKey
from parity.publication.errors import PublicationError
from parity.publication.signing import (
    PUBLISHER_KEY,
    publisher_key,
    publisher_public_key,
    publisher_public_keys,
    read_manifest,
    signed_manifest,
)
from pseudonymisation.keys import generate_key


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    made = Keyring.create(tmp_path / "keyring.json", WrappingKey(generate_key()))
    made.generate("ledger", "ledger")
    return made


def signed(keyring: Keyring, folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    for name, text in signed_manifest({"files": []}, publisher_key(keyring)).items():
        write_private(folder / name, text)
    return folder


def test_signed_by_a_former_key(keyring: Keyring, tmp_path: Path) -> None:
    """Both versions are believed; what is signed now is the newer's."""
    former = signed(keyring, tmp_path / "former")
    first = publisher_public_key(keyring)
    assert keyring.rotate(PUBLISHER_KEY) == 2
    later = signed(keyring, tmp_path / "later")
    keys = publisher_public_keys(keyring)
    assert keys == {first, publisher_public_key(keyring)}
    for folder in (former, later):
        assert read_manifest(folder, keys)["files"] == []
    with pytest.raises(PublicationError, match="signature"):
        read_manifest(former, publisher_public_key(keyring))


def test_signed_by_a_key_that_others_know(keyring: Keyring, tmp_path: Path) -> None:
    """Marked: it may be anybody's signature; with no key left nothing is believed."""
    former = signed(keyring, tmp_path / "former")
    keyring.rotate(PUBLISHER_KEY)
    keyring.compromise(PUBLISHER_KEY, 1)
    with pytest.raises(PublicationError, match="signature"):
        read_manifest(former, publisher_public_keys(keyring))
    keyring.destroy(PUBLISHER_KEY, 2)
    assert publisher_public_keys(keyring) == frozenset()
    with pytest.raises(PublicationError, match="signature"):
        read_manifest(former, publisher_public_keys(keyring))


def test_signed_by_a_stranger(keyring: Keyring, tmp_path: Path) -> None:
    """A manifest is believed for who signed it, not for whom it names."""
    publisher_key(keyring)
    (tmp_path / "other").mkdir()
    other = Keyring.create(
        tmp_path / "other" / "keyring.json", WrappingKey(generate_key())
    )
    other.generate("ledger", "ledger")
    foreign = signed(other, tmp_path / "foreign")
    with pytest.raises(PublicationError, match="signature"):
        read_manifest(foreign, publisher_public_keys(keyring))
    assert read_manifest(foreign, publisher_public_keys(other))
