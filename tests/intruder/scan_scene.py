"""The scene of the identifier scan's tests: keys, hidden values, needles for them."""

from __future__ import annotations

import secrets
from datetime import date, timedelta

import duckdb
from hidden_values import (
    BINARY_ENCODINGS,
    PACKED_ENCODINGS,
    TEXT_ENCODINGS,
    WORD_ENCODINGS,
    Hidden,
    collected,
    hide,
)
from plants import FILE_KEY

from parity.home import Home
from parity.vault.identifier_scan import scan_home
from parity.vault.scan.needles import Collected, Needles
from parity.vault.scan.report import ScanReport

KEYS = {"another": secrets.token_bytes(32), "package:planted": FILE_KEY}

ALL = hide([*TEXT_ENCODINGS, *WORD_ENCODINGS, *PACKED_ENCODINGS, *BINARY_ENCODINGS])
_KINDS = {h.kind: h for h in ALL}
TEXT = [_KINDS[e.name] for e in TEXT_ENCODINGS]
WORDS = [_KINDS[e.name] for e in WORD_ENCODINGS]
PACKED = [_KINDS[e.name] for e in PACKED_ENCODINGS]
BINARY = [_KINDS[e.name] for e in BINARY_ENCODINGS]
NEEDLES = Needles.choose(collected(ALL), limit_per_field=10)


BORN = [(date(1950, 1, 1) + timedelta(days=31 * n)).isoformat() for n in range(200)]
BIRTH_DATES = Needles.choose(
    [Collected("birth date", "birth_date", frozenset(BORN))], 200
)


def scan(home: Home, needles: Needles = NEEDLES) -> ScanReport:
    return scan_home(home, KEYS, needles)


def missed(report: ScanReport, hidden: list[Hidden]) -> set[str]:
    """Kinds that were hidden and not found."""
    return {h.kind for h in hidden} - {f.kind for f in report.findings}


def dates_in_duckdb(home: Home, days: list[str]) -> None:
    path = home.packages / "p.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select unnest($1::date[]) as v", [days])
    path.chmod(0o600)
