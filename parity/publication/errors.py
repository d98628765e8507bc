"""The error of publications."""

from __future__ import annotations

from pseudonymisation.errors import CodedError


class PublicationError(CodedError):
    """A publication that cannot be made, or is not what was published.

    exit_code: what the command line ends with: 1 the data, 2 wrong usage, 3 us.
    """

    def __init__(self, code: str, message: str, exit_code: int = 3) -> None:
        super().__init__(code, message)
        self.exit_code = exit_code
