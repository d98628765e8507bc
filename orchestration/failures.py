"""Failures that Dagster may store: three kinds, and no value in any of them.

Dagster keeps messages, tracebacks and causes in its event storage. What belongs here is
the one door an error passes before that: our own coded errors keep their words,
anything else is named by its type and place only, and the original is not chained.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from parity.home import HomeError
from parity.intake.errors import IntakeError
from pseudonymisation.errors import CodedError


@contextmanager
def value_free(step: str) -> Iterator[None]:
    """Turn any error of a step into a dg.Failure without values, causes or retries."""
    failure: dg.Failure | None = None
    try:
        yield
    except dg.Failure:
        raise
    except IntakeError as error:
        failure = _failure(f"{step}: the data: {error}")
    except HomeError as error:
        failure = _failure(f"{step}: the home: {error}")
    except CodedError as error:
        failure = _failure(f"{step}: {error}")
    except Exception as error:  # noqa: BLE001  whatever it is, its words may hold values
        failure = _failure(
            f"{step}: our fault: {type(error).__name__} at {_place(error)}"
        )
    if failure is not None:
        # `from None`: Dagster stores a context that is not suppressed, words and all.
        raise failure from None


def _failure(words: str) -> dg.Failure:
    return dg.Failure(description=words, allow_retries=False)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/parity/" in f.filename or "/orchestr" in f.filename]
    last = (ours or frames)[-1]
    return f"{last.filename.rsplit('/', 2)[-1]}:{last.lineno}"
