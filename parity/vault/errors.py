"""The errors of the vault: a code and, for a record, its table, field and row."""

from __future__ import annotations

from parity.intake.errors import IntakeError
from pseudonymisation.errors import CodedError


class VaultError(CodedError):
    """A state that the vault refuses to go on from.

    exit_code: 1 the documents or data handed in, 2 wrong usage, 3 a fault of ours.
    """

    def __init__(self, code: str, message: str, exit_code: int = 3) -> None:
        super().__init__(code, message)
        self.exit_code = exit_code


class RecordRefused(IntakeError):
    """A record for which its whole submission is set aside. row_number: where."""

    def __init__(self, code: str, table: str, field: str, row_number: int) -> None:
        super().__init__(code, f"{table}.{field}, row {row_number}: {code}")
        self.table = table
        self.field = field
        self.row_number = row_number
