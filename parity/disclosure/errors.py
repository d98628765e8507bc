"""The error of disclosure control: input that no honest count can be."""

from __future__ import annotations

from pseudonymisation.errors import CodedError


class DisclosureError(CodedError):
    """Cells that cannot be protected as they are; names no cell and no number."""

    exit_code = 1
