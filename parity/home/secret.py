"""Bytes that do not show themselves: what opens a keyring, on its way there.

Python cannot promise to wipe memory; what this prevents is a secret in a traceback, a
log, a repr or a pickle.
"""

from __future__ import annotations

from parity.home.errors import HomeError


class SecretBytes:
    """Bytes that are seen only by calling `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The bytes."""
        return self._value

    def __repr__(self) -> str:
        return "<SecretBytes>"

    def __reduce__(self) -> str:
        raise HomeError("not_picklable", "a secret stays in its process")


class WrappingKey(SecretBytes):
    """The 32 bytes of a wrapping key; a plain `SecretBytes` is a passphrase."""

    __slots__ = ()
