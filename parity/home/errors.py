"""The errors of a home: usage and custody, told by a code and a sentence."""

from __future__ import annotations

from pseudonymisation.errors import CodedError

# What we keep is not as we left it; every other home error is the caller's to mend.
_DAMAGE = {
    "keyring_damaged",
    "key_destroyed",
    "no_encryption",
    "not_encrypted",
    "spill_in_clear",
}


class HomeError(CodedError):
    """A home, a key or an encrypted file that cannot be used as asked.

    exit_code: 1 the reference files handed in, 2 wrong usage, 3 a damage of ours.
    """

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        if self.code.startswith("reference_"):
            return 1
        return 3 if self.code in _DAMAGE else 2


class OptOutError(HomeError):
    """The national data opt-out stops what was asked, or an answer was refused."""

    @property
    def exit_code(self) -> int:
        """The data, not the usage."""
        return 1
