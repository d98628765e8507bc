"""The errors of a home: usage and custody, told by a code and a sentence."""

from __future__ import annotations

from pseudonymisation.errors import CodedError


class HomeError(CodedError):
    """A home, a key or an encrypted file that cannot be used as asked."""


class OptOutError(HomeError):
    """The national data opt-out stops what was asked, or an answer was refused."""

    exit_code = 1  # the data, not the usage
