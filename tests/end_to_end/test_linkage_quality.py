"""How often the joined person is the true one, on people of whom it is known.

Thousands of made-up people over twelve months and six providers go through the code
that names and joins a home's people. A pair is two records; precision is the share of
joined pairs that are one person's, recall the share of one person's pairs that are
joined. PARITY_SOAK=1 takes twenty times as many.

What goes wrong, at the rates of parity.synthetic.rates (all ours unless it says so):
2.5 % of people have no NHS number; of registrations 2 % get it a month late, 5 % have
one that nobody traced, 0.05 % have another patient's, 0.03 % one of nobody here, 0.1 %
of twins the twin's; of records 1 % leave it out and 0.3 % mistype it. 0.5 % of birth
dates and 1 % of postcodes are typed wrong, 0.3 % of genders recorded otherwise. 1 % of
people are registered again under a new local identifier and 0.2 % under one that was
somebody else's. 8 % come to a second provider, 10 % move in a year, 3 % are twins
(national), of whom one in five comes as well as the other, 2 % live in halls of
residence; 0.5 %, and one in five of those without a number, have 1 January for a
birthday.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import comb
from pathlib import Path

import polars as pl
import pytest
from linkage_scene import Scene, Sent

from parity.synthetic.registrations import registrations, write_people

IS_SOAK = bool(os.environ.get("PARITY_SOAK"))
PEOPLE = 160_000 if IS_SOAK else 8_000
PROVIDERS = ("ZZ3", "ZZ4", "ZZ5", "ZZ6", "ZZ7", "ZZ8")
LEAST_PRECISION = 0.9999
LEAST_RECALL = 0.99


@dataclass(frozen=True)
class Quality:
    """Pairs of records: joined and true, joined, true."""

    right: int
    joined: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / self.joined

    @property
    def recall(self) -> float:
        return self.right / self.true


def pairs(records: pl.DataFrame, *columns: str) -> int:
    """How many pairs of records are alike in these columns."""
    sizes = records.group_by(columns).len().get_column("len")
    return sum(comb(size, 2) for size in sizes)


def quality(records: pl.DataFrame) -> Quality:
    return Quality(
        pairs(records, "person", "truth"),
        pairs(records, "person"),
        pairs(records, "truth"),
    )


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Every record with its step, its joined person and the truth."""
    sent = registrations(PEOPLE, PROVIDERS)
    scene = Scene()
    for each in sent:
        scene.send(Sent(each.name, each.rows))
    folder = Path(tmp_path_factory.mktemp("truth"))
    write_people(folder, sent)
    truth = pl.read_csv(
        folder / "people.csv", schema_overrides={"row_number": pl.Int32}
    ).rename({"submission": "name", "person": "truth"})
    return scene.records().join(truth, on=["name", "row_number"])


@pytest.mark.attack(16, control=True)
def test_a_wrong_join_and_a_missed_one_are_seen() -> None:
    """Of three records of one and one of another, two joined rightly, two wrongly."""
    rows = [("a", 1), ("a", 1), ("b", 1), ("b", 2)]
    found = quality(pl.DataFrame(rows, schema=["person", "truth"], orient="row"))
    assert found == Quality(right=1, joined=2, true=3)


@pytest.mark.attack(16, 17)
def test_precision_and_recall(records: pl.DataFrame) -> None:
    """The figures stand in the decision page; -s prints them."""
    found = quality(records)
    print(f"{records.height} records of {PEOPLE} people: {found}")
    print(f"precision {found.precision:.6f}, recall {found.recall:.4f}")
    print(records.group_by("step").len().sort("len"))
    assert found.precision >= LEAST_PRECISION
    assert found.recall >= LEAST_RECALL
