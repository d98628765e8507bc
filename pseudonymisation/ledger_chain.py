"""A chain of records that shows every alteration: keyed, each link on the one before.

A link's tag is HMAC-SHA-256 under the ledger key over the number of the record, the tag
before and the record. Changing, removing, inserting or swapping records breaks every
tag from there on, and nobody without the key can mend them. Cutting off the end leaves
a valid shorter chain: only a checkpoint kept somewhere else shows that
(pseudonymisation.ledger_checkpoint).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from pseudonymisation.errors import LedgerBroken
from pseudonymisation.keyed_hash import token


@dataclass(frozen=True)
class Head:
    """The end of a chain: how many records it has and the last tag (hex)."""

    count: int
    tag: str


START = Head(0, "")


def next_head(key: bytes, head: Head, record: str) -> Head:
    """The end of the chain once a record is added."""
    number = head.count + 1
    tag = token(key, "ledger-record", str(number), head.tag, record)
    return Head(number, tag.hex())


def verify(key: bytes, links: Iterable[tuple[str, str]], *checkpoints: Head) -> Head:
    """Go along a chain of (record, tag) and return its end.

    checkpoints: ends seen earlier, all of which the chain must still pass through.
    Raises LedgerBroken with the number of the first record that does not hold, or of
    the first checkpoint that is not reached.
    """
    head, ahead = START, set(checkpoints) - {START}
    for record, tag in links:
        head = next_head(key, head, record)
        if not hmac.compare_digest(head.tag.encode(), tag.encode()):
            raise LedgerBroken("ledger_altered", f"record {head.count} does not hold")
        ahead.discard(head)
    if ahead:
        first = min(checkpoint.count for checkpoint in ahead)
        raise LedgerBroken(
            "ledger_shortened",
            f"the ledger does not pass through the checkpoint at record {first}",
        )
    return head
