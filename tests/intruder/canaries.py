"""Submissions whose identifiers are unmistakable, and the needles that find them.

Synthetic identifiers are short, as real ones are; short ones can be hidden by chance.
Here every field that takes sixteen characters holds a canary: letters and digits that
stand nowhere else in the world. NHS numbers, postcodes and birth dates stay as they
are: their form is checked; a pause's identifier takes five characters.
"""

from __future__ import annotations

import csv
import hmac
import shutil
from base64 import b32encode
from collections.abc import Callable
from datetime import date
from pathlib import Path

from parity.home import Home, init
from parity.specification import Field, load
from parity.synthetic import synthesise
from parity.vault.identifier_scan import collect_needles
from parity.vault.scan.needles import Collected, Needles

LENGTH = 20
_SEED = b"the canaries of the intruder tests"

Row = dict[str, str]
Change = Callable[[str, list[Row]], list[Row]]


def canary(*words: str) -> str:
    """Twenty letters and digits, the same for the same words."""
    digest = hmac.digest(_SEED, "\x1f".join(words).encode(), "sha256")
    return f"Cn7{b32encode(digest).decode()}"[:LENGTH]


def canary_submission(folder: Path) -> Path:
    """One provider, one month, fifteen referrals; reference data in `reference`.

    Returns the folder of the submission.
    """
    month = date(2025, 1, 1)
    synthesise(
        folder,
        providers=1,
        first=month,
        last=month,
        referrals_per_month=15,
        seed=3,
    )
    (submission,) = folder.glob("*_*_*")
    rewrite(submission, _with_canaries)
    return submission


def canary_home(folder: Path) -> tuple[Home, Path]:
    """A home with nothing submitted yet, and a submission of canaries."""
    submission = canary_submission(folder / "raw")
    home = init(folder / "home", synthetic=True)
    shutil.copytree(folder / "raw" / "reference", home.reference, dirs_exist_ok=True)
    return home, submission


def canary_needles(submission: Path) -> Needles:
    """All identifiers of a submission: canaries and what could be none."""
    return collect_needles([submission])


def needles_of(values: set[str]) -> Needles:
    """Canaries that stand in no submission."""
    return Needles.choose(
        [Collected("canary", "identifier", frozenset(values))], len(values)
    )


def rewrite(submission: Path, change: Change) -> None:
    """Change the rows of every table: told the table's name and its rows."""
    for path in sorted(submission.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            rows = change(path.stem, list(reader))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def canary_fields(table: str) -> list[Field]:
    """The fields of a table that are keyed and take a canary."""
    fields = load().tables[table].fields
    return [f for f in fields if f.pseudonym_domain and f.max_length >= LENGTH]


def _with_canaries(table: str, rows: list[Row]) -> list[Row]:
    for described in canary_fields(table):
        for row in rows:
            if row[described.name]:
                domain = str(described.pseudonym_domain)
                row[described.name] = canary(domain, row[described.name])
    return rows
