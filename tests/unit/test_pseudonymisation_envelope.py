"""Envelopes open for their key and purpose, and for nothing else."""

from __future__ import annotations

import pytest

from pseudonymisation.encoding import encode
from pseudonymisation.envelope import seal, unseal
from pseudonymisation.errors import EnvelopeRefused, KeyRefused
from pseudonymisation.keys import generate_key

KEY = generate_key()
CONTEXT = encode("context", "one")
ENVELOPE = seal(KEY, b"a value", CONTEXT)


def test_opens() -> None:
    """The value comes back; two envelopes of one value differ."""
    assert unseal(KEY, ENVELOPE, CONTEXT) == b"a value"
    assert seal(KEY, b"a value", CONTEXT) != ENVELOPE


@pytest.mark.parametrize("place", range(len(ENVELOPE)))
def test_every_altered_byte_is_seen(place: int) -> None:
    """Version, nonce, text and tag."""
    altered = bytearray(ENVELOPE)
    altered[place] ^= 1
    with pytest.raises(EnvelopeRefused):
        unseal(KEY, bytes(altered), CONTEXT)


@pytest.mark.parametrize("length", [0, 1, 12, 28, len(ENVELOPE) - 1])
def test_shortened(length: int) -> None:
    """A part of an envelope is none."""
    with pytest.raises(EnvelopeRefused):
        unseal(KEY, ENVELOPE[:length], CONTEXT)


def test_another_key_or_purpose() -> None:
    """An envelope sealed for one thing does not open as another."""
    with pytest.raises(EnvelopeRefused, match="envelope_refused"):
        unseal(generate_key(), ENVELOPE, CONTEXT)
    with pytest.raises(EnvelopeRefused, match="envelope_refused"):
        unseal(KEY, ENVELOPE, encode("context", "two"))


@pytest.mark.attack(15)
def test_weak_key() -> None:
    """No envelope under a key that protects nothing."""
    with pytest.raises(KeyRefused):
        seal(bytes(32), b"a value", CONTEXT)
    with pytest.raises(KeyRefused):
        unseal(bytes(32), ENVELOPE, CONTEXT)
