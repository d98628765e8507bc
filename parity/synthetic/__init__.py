"""Plausible submissions of people who do not exist, and what is true of them.

What belongs here: a generator that shares no function, list or threshold with the
models that are tested against it. From `parity.specification` it takes the names and
the order of tables and columns, nothing else.
"""

from parity.synthetic.errors import SyntheticError
from parity.synthetic.run import Summary, synthesise

__all__ = ["Summary", "SyntheticError", "synthesise"]
