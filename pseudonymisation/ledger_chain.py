"""A chain of records that shows every alteration: keyed, each link on the one before.

A link's tag is HMAC-SHA-256 under the ledger key over the number of the record, the tag
before and the record. Changing, removing, inserting or swapping records breaks every
tag from there on, and nobody without the key can mend them. Cutting off the end leaves
a valid shorter chain: only a checkpoint kept somewhere else shows that.
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


def verify(
    key: bytes, links: Iterable[tuple[str, str]], checkpoint: Head = START
) -> Head:
    """Go along a chain of (record, tag) and return its end.

    checkpoint: an end seen earlier, which the chain must still pass through. Raises
    LedgerBroken with the number of the first record that does not hold.
    """
    head = START
    passed = checkpoint == START
    for record, tag in links:
        head = next_head(key, head, record)
        if not hmac.compare_digest(head.tag.encode(), tag.encode()):
            raise LedgerBroken("ledger_altered", f"record {head.count} does not hold")
        passed = passed or head == checkpoint
    if not passed:
        raise LedgerBroken(
            "ledger_shortened",
            f"the ledger does not reach the checkpoint at record {checkpoint.count}",
        )
    return head
