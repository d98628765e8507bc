"""The error of intake: a submission that cannot be read or taken at all.

A submission that can be read and breaks rules is no error: it gets an answer. The text
here is ours alone: no name, path or value of what was sent.
"""

from pseudonymisation.errors import CodedError


class IntakeError(CodedError):
    """A submission that is set aside. code: PARITY-..., for tests and reports.

    exit_code: 1, the data.
    """

    exit_code = 1
