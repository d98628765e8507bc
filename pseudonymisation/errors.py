"""The errors of this package: a code and a sentence, never a value.

Whatever reads an error may store it (a log, Dagster's events, a report). So an error
here says which rule was broken and where, by code, table, field and row position; the
value that broke it stays where it is.
"""

from __future__ import annotations


class CodedError(Exception):
    """An error that may be shown and stored anywhere.

    code: a stable word in snake case, for tests and reports.
    message: a sentence for a person; made by us, so it holds no value of the data.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code
        self.message = message


class KeyRefused(CodedError):
    """A key that is not good enough to protect anything."""


class IdentifierRefused(CodedError):
    """An identifier that has no canonical form, and so gets no shared pseudonym."""


class EncodingRefused(CodedError):
    """A part that cannot be encoded without ambiguity."""


class EnvelopeRefused(CodedError):
    """A sealed value that does not open: wrong key, wrong context or altered."""


class LedgerBroken(CodedError):
    """A ledger whose chain does not hold: altered, shortened or reordered."""
