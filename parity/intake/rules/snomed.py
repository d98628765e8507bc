"""The check digit of a SNOMED CT identifier, and the shape of an expression of them.

Verhoeff's method: the digits from the right, each turned by its place and multiplied in
the group of the ten symmetries of a pentagon, must come to nought.
"""

import re
from functools import cache

_CONCEPT = re.compile("[1-9][0-9]{5,17}")
# What stands between the concepts of an expression: focus, refinement, groups, terms.
_TERM = re.compile(r"\|[^|]*\|")
_SIGNS = re.compile(r"[\s:+=,{}()]+")


def is_concept(text: str) -> bool:
    """Whether a text is 6 to 18 digits with a right check digit."""
    return _CONCEPT.fullmatch(text) is not None and _remainder(text) == 0


def is_expression(text: str) -> bool:
    """Whether a text is a concept, or concepts joined as in an expression."""
    parts = [part for part in _SIGNS.split(_TERM.sub(" ", text)) if part]
    return bool(parts) and all(is_concept(part) for part in parts)


def _remainder(digits: str) -> int:
    product = 0
    for place, digit in enumerate(reversed(digits)):
        product = _multiplied(product, _turned(int(digit), place % 8))
    return product


def _multiplied(a: int, b: int) -> int:
    """Product in the dihedral group of order ten: 0 to 4 turn, 5 to 9 mirror."""
    turn, mirrored = (a % 5, a // 5)
    other, other_mirrored = (b % 5, b // 5)
    turned = (turn - other if mirrored else turn + other) % 5
    return turned + 5 * (mirrored ^ other_mirrored)


@cache
def _turned(digit: int, times: int) -> int:
    """Verhoeff's permutation of the ten digits, applied some times over."""
    for _ in range(times):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit
