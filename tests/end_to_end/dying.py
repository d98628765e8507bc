"""A process that ends at a step, at once and without any tidying, as on a power cut.

What belongs here: replacing a step by one that dies. Which steps there are stands with
the programs that die at them: dying_submit, dying_rotation.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

DIED = 86

# A step by where its function stands: the owner and the name in it.
Step = tuple[Any, str]


def die_at(
    step: Step, when: str, is_meant: Callable[..., bool] = lambda *_, **__: True
) -> None:
    """Replace a step by one that ends the process before or after it.

    is_meant: whether a call is the step, by its arguments; others go on as they were.
    """
    owner, name = step
    original: Callable[..., Any] = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if not is_meant(*arguments, **named):
            return original(*arguments, **named)
        if when == "after":
            original(*arguments, **named)
        os._exit(DIED)

    setattr(owner, name, dying)
