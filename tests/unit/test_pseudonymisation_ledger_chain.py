"""The chain: what was changed, taken out, put in, swapped or cut off is seen."""

from __future__ import annotations

import pytest

from pseudonymisation.errors import LedgerBroken
from pseudonymisation.keys import generate_key
from pseudonymisation.ledger_chain import START, Head, next_head, verify

KEY = generate_key()


def chain(*records: str) -> list[tuple[str, str]]:
    links, head = [], START
    for record in records:
        head = next_head(KEY, head, record)
        links.append((record, head.tag))
    return links


LINKS = chain("one", "two", "three", "four")


def test_whole_chain_holds() -> None:
    """It ends at its last record; an empty one at the start."""
    assert verify(KEY, LINKS) == Head(4, LINKS[-1][1])
    assert verify(KEY, []) == START


@pytest.mark.parametrize(
    ("links", "first_broken"),
    [
        ([*LINKS[:1], ("tvo", LINKS[1][1]), *LINKS[2:]], 2),
        ([*LINKS[:1], *LINKS[2:]], 2),
        ([LINKS[1], LINKS[0], *LINKS[2:]], 1),
        ([*LINKS[:2], LINKS[1], *LINKS[2:]], 3),
        ([*LINKS[:3], ("four", LINKS[2][1])], 4),
        ([*LINKS[:3], ("four", "\u00fc")], 4),
        ([("", "")], 1),
    ],
)
def test_tampering(links: list[tuple[str, str]], first_broken: int) -> None:
    """The first record that does not hold is named by its number."""
    with pytest.raises(LedgerBroken, match=f"record {first_broken} "):
        verify(KEY, links)


def test_cut_off_end_needs_a_checkpoint() -> None:
    """Shorter is valid by itself; an end that was seen before shows it."""
    seen = verify(KEY, LINKS)
    assert verify(KEY, LINKS[:2]).count == 2
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        verify(KEY, LINKS[:2], seen)
    assert verify(KEY, chain("one", "two", "three", "four", "five"), seen).count == 5


def test_another_key() -> None:
    """Nobody without the key can continue or mend a chain."""
    with pytest.raises(LedgerBroken, match="record 1 "):
        verify(generate_key(), LINKS)
