"""The error of access control."""

from __future__ import annotations

from pseudonymisation.errors import CodedError


class AccessError(CodedError):
    """What may not be seen, built or opened.

    exit_code: what the command line ends with: 1 the data, 2 wrong usage, 3 us.
    """

    def __init__(self, code: str, message: str, exit_code: int = 3) -> None:
        super().__init__(code, message)
        self.exit_code = exit_code
