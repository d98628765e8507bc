"""What can go wrong: a wish that cannot be met."""


class SyntheticError(Exception):
    """The arguments cannot be met. A fault of the caller."""

    exit_code = 2

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
