"""Failures that Dagster may store: no value in any of them, and back out again.

Dagster keeps messages, tracebacks and causes in its event storage. What belongs here is
the one door an error passes before that: our own coded errors keep their words,
anything else is named by its type and place only, and the original is not chained.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from pseudonymisation.errors import CodedError

# Whose fault a failure is, kept beside its words: an exit code of the command line.
EXIT_CODE = "exit code"
OURS = 3


@contextmanager
def value_free(step: str) -> Iterator[None]:
    """Turn any error of a step into a dg.Failure without values, causes or retries."""
    failure: dg.Failure | None = None
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, its words may hold values
        failure = _failure(step, error)
    if failure is not None:
        # `from None`: Dagster stores a context that is not suppressed, words and all.
        raise failure from None


@dataclass(frozen=True)
class Failed:
    """Why a run of assets failed: our own words, and an exit code as above."""

    words: str
    exit_code: int


def why_failed(result: dg.ExecuteInProcessResult) -> Failed:
    """What the step that failed said at the door, or that it did not get there."""
    for event in result.get_step_failure_events():
        said = event.step_failure_data.user_failure_data
        if said is not None and said.description:
            code = said.metadata.get(EXIT_CODE, dg.IntMetadataValue(OURS)).value
            return Failed(said.description, code if isinstance(code, int) else OURS)
    return Failed("our fault; see Dagster's log in the home", OURS)


def _failure(step: str, error: Exception) -> dg.Failure:
    """Our own sentence and exit code; of another error only its type and place."""
    if isinstance(error, CodedError):
        words, code = str(error), int(getattr(error, "exit_code", OURS))
    else:
        words = f"our fault: {type(error).__name__} at {_place(error)}"
        code = OURS
    return dg.Failure(
        description=f"{step}: {words}",
        metadata={EXIT_CODE: code},
        allow_retries=False,
    )


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/parity/" in f.filename or "/orchestr" in f.filename]
    last = (ours or frames)[-1]
    return f"{last.filename.rsplit('/', 2)[-1]}:{last.lineno}"
