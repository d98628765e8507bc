"""The one error of a home: usage and custody, told by a code and a sentence."""

from __future__ import annotations

from pseudonymisation.errors import CodedError


class HomeError(CodedError):
    """A home, a key or an encrypted file that cannot be used as asked."""
