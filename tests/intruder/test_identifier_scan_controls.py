"""The identifier scan finds what is planted.

A scan that misses one container or encoding proves nothing about a home, so each is
planted on purpose. Values are drawn; no test name or message holds one.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from datetime import date

import pytest
from hidden_values import Hidden, collected
from plants import (
    BINARY_CONTAINERS,
    FILE_KEY,
    NAME_CONTAINERS,
    TEXT_CONTAINERS,
    Plant,
)
from scan_scene import (
    ALL,
    BINARY,
    BIRTH_DATES,
    BORN,
    NEEDLES,
    PACKED,
    TEXT,
    WORDS,
    dates_in_duckdb,
    missed,
    scan,
)

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.vault.identifier_scan import scan_processes
from parity.vault.scan.needles import Collected, Needles
from parity.vault.scan.report import ScanReport
from parity.vault.scan.search import MultiSearch


def _plant_and_scan(bare_home: Home, plant: Plant, hidden: list[Hidden]) -> ScanReport:
    plant(bare_home, [h.cell for h in hidden])
    report = scan(bare_home)
    # what is found is not told
    text = repr(report) + json.dumps(report.as_dict())
    assert [h.kind for h in hidden if h.value in text] == []
    assert [h.kind for h in hidden if h.cell.decode("latin-1") in text] == []
    return report


# --- positive controls --------------------------------------------------------------


@pytest.mark.attack(1, 2, control=True)
@pytest.mark.parametrize("container", TEXT_CONTAINERS)
def test_every_text_encoding_is_found(bare_home: Home, container: str) -> None:
    hidden = [*TEXT, *WORDS, *PACKED]
    report = _plant_and_scan(bare_home, TEXT_CONTAINERS[container], hidden)
    assert missed(report, hidden) == set()
    assert not report.is_clean


@pytest.mark.attack(1, 2, control=True)
@pytest.mark.parametrize("container", NAME_CONTAINERS)
def test_every_text_encoding_is_found_in_names(bare_home: Home, container: str) -> None:
    report = _plant_and_scan(bare_home, NAME_CONTAINERS[container], TEXT)
    assert missed(report, TEXT) == set()


@pytest.mark.attack(1, 2, control=True)
@pytest.mark.parametrize("container", BINARY_CONTAINERS)
def test_every_encoding_is_found_among_bytes(bare_home: Home, container: str) -> None:
    hidden = [*TEXT, *PACKED, *BINARY]
    report = _plant_and_scan(bare_home, BINARY_CONTAINERS[container], hidden)
    assert missed(report, hidden) == set()


@pytest.mark.parametrize(
    "column_type", ["bigint", "hugeint", "uint64", "double", "decimal(18, 2)", "bignum"]
)
def test_a_number_is_found_in_every_numeric_type(
    bare_home: Home, column_type: str
) -> None:
    connection = connect(bare_home.spill)
    attach_encrypted(connection, bare_home.packages / "p.duckdb", "planted", FILE_KEY)
    number = next(h.value for h in TEXT if h.kind == "plain")
    connection.execute(
        f"create table planted.main.t as select $1::bigint::{column_type} as v",
        [int(number)],
    )
    connection.close()
    report = scan(bare_home)
    assert ("packages/p.duckdb", "main.t.v", "plain") in {
        (f.place, f.location, f.kind) for f in report.findings
    }


@pytest.mark.attack(7, control=True)
@pytest.mark.parametrize("channel", ["environ", "cmdline"])
def test_a_child_process_is_seen_through(channel: str) -> None:
    hidden = [*TEXT, *WORDS]
    texts = [h.cell.decode() for h in hidden]
    in_environ = dict(zip((f"V{n}" for n in range(len(texts))), texts, strict=True))
    program = "import os, sys; os.environ.clear(); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *(texts if channel == "cmdline" else [])],
        env=in_environ if channel == "environ" else {},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()  # the variables are deleted by now, and still there
        report = scan_processes([child.pid], NEEDLES)
        child.communicate()
    assert missed(report, hidden) == set()
    assert {f.location.split()[0] for f in report.findings} == {channel}


_WRITE_AND_DIE = """
import os, sqlite3, sys
from pathlib import Path
from parity.home.encrypted_database import attach_encrypted, connect

kind, path, spill, text = sys.argv[1:]
key = sys.stdin.buffer.read()
if kind == "sqlite":
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table t as select ? as v", [text])
    connection.commit()
else:
    connection = connect(Path(spill))
    attach_encrypted(connection, Path(path), "planted", key)
    connection.execute("create table planted.t as select $1 as v", [text])
os._exit(0)
"""


@pytest.mark.attack(10, control=True)
@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_what_a_killed_program_left_in_a_journal_is_found(
    bare_home: Home, kind: str
) -> None:
    """And looking changes no file of the bare_home."""
    path = bare_home.packages / "planted.db"
    number = next(h for h in TEXT if h.kind == "plain")
    arguments = [kind, str(path), str(bare_home.spill), number.value]
    subprocess.run(
        [sys.executable, "-c", _WRITE_AND_DIE, *arguments], input=FILE_KEY, check=True
    )
    before = {p: p.stat().st_mtime_ns for p in bare_home.packages.iterdir()}
    assert len(before) > 1
    report = scan(bare_home)
    column = "t.v" if kind == "sqlite" else "main.t.v"
    assert ("packages/planted.db", column) in {
        (f.place, f.location) for f in report.findings
    }
    assert {f.kind for f in report.findings} == {number.kind}
    assert {p: p.stat().st_mtime_ns for p in bare_home.packages.iterdir()} == before


def test_digests_of_joined_values_are_found(bare_home: Home) -> None:
    person = ("9990000123", "1961-02-03")
    text = "-".join(person).encode()

    page = hashlib.md5(text, usedforsecurity=False).hexdigest()
    (bare_home.dbt_logs / "dbt.log").write_text(f"surrogate key {page}\n")
    needles = Needles.choose(
        [Collected("joined", "identifier", frozenset(), frozenset({person}))], 10
    )
    assert [f.kind for f in scan(bare_home, needles).findings] == ["joined"]


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y"])
def test_a_column_of_birth_dates_is_found(bare_home: Home, written: str) -> None:
    days = [date.fromisoformat(day).strftime(written) for day in BORN[:60]]
    rows = "".join(f"{n},{day}\n" for n, day in enumerate(days))
    (bare_home.answers / "answer.csv").write_text("row,day\n" + rows)
    found = scan(bare_home, BIRTH_DATES).findings
    assert [(f.place, f.kind, f.count) for f in found] == [
        ("answers/answer.csv", "birth date", 60)
    ]


def test_a_date_column_of_birth_dates_is_found(bare_home: Home) -> None:
    dates_in_duckdb(bare_home, BORN)
    found = scan(bare_home, BIRTH_DATES).findings
    assert [(f.location, f.count) for f in found] == [("main.t.v", len(BORN))]


def test_a_column_of_short_numbers_is_found(bare_home: Home) -> None:
    draw = random.Random(3)  # noqa: S311
    numbers = [str(n) for n in sorted(draw.sample(range(123_456, 987_654), 200))]
    (bare_home.answers / "answer.csv").write_text("id\n" + "\n".join(numbers) + "\n")
    needles = Needles.choose(
        [Collected("number", "identifier", frozenset(numbers))], 200
    )
    assert [f.count for f in scan(bare_home, needles).findings] == [200]


def test_a_column_of_codes_of_three_characters_is_found(bare_home: Home) -> None:
    codes = [f"W{n}" for n in range(11, 99, 3)]
    needles = Needles.choose([Collected("code", "identifier", frozenset(codes))], 200)
    (bare_home.answers / "few.csv").write_text("worker\n" + "\n".join(codes[:8]) + "\n")
    assert scan(bare_home, needles).is_clean
    (bare_home.answers / "all.csv").write_text("worker\n" + "\n".join(codes) + "\n")
    found = scan(bare_home, needles).findings
    assert [(f.place, f.count) for f in found] == [("answers/all.csv", len(codes))]


def test_a_pattern_across_two_chunks_is_found_once() -> None:
    """The search takes the data in pieces of 4 MiB."""
    search = MultiSearch([b"needle-0001", b"needle-0002"])
    for at in range((1 << 22) - 12, (1 << 22) + 2):
        data = bytearray(1 << 23)
        data[at : at + 11] = b"NEEDLE-0001"
        assert [pattern for pattern, _, _ in search.find(bytes(data))] == [
            b"needle-0001"
        ]


def test_the_search_finds_what_a_plain_search_finds() -> None:
    draw = random.Random(5)  # noqa: S311
    for _ in range(50):
        data = bytes(draw.choice(b"abc") for _ in range(400))
        patterns = {
            data[at : at + draw.randrange(6, 12)] for at in draw.sample(range(380), 8)
        }
        expected = sum(
            data.startswith(p, at) for p in patterns for at in range(len(data))
        )
        assert len(list(MultiSearch(patterns).find(data))) == expected


# --- the report ---------------------------------------------------------------------


def test_needles_show_no_value() -> None:
    text = repr(NEEDLES) + repr(NEEDLES.needles[0]) + repr(collected(TEXT)[0])
    assert [h.kind for h in ALL if h.value in text] == []


def test_a_finding_says_where(bare_home: Home) -> None:
    TEXT_CONTAINERS["DuckDB text in another schema"](bare_home, [TEXT[0].cell] * 3)
    NAME_CONTAINERS["file name"](bare_home, [TEXT[0].cell])
    places = {(f.place, f.location, f.count) for f in scan(bare_home).findings}
    assert ("packages/planted.duckdb", "hidden.t.v", 1) in places
    assert ("operations/plant", "(name)", 1) in places


def test_what_is_looked_for_is_told_and_is_the_same_every_time() -> None:
    values = [f"999{n:07d}" for n in range(1000)]
    canary = "Canary0123456789abcdef"
    fields = [
        Collected("number", "nhs_number", frozenset(values)),
        Collected("key", "identifier", frozenset({canary, "12", "N/A", "P1001"})),
    ]
    again = [
        Collected("number", "nhs_number", frozenset(reversed(values))),
        Collected("key", "identifier", frozenset({"P1001", "N/A", "12", canary})),
    ]
    needles = Needles.choose(fields, 50)
    assert needles == Needles.choose(again, 50)
    assert [(c.kind, c.submitted, c.looked_for) for c in needles.chosen] == [
        ("number", 1000, 50),
        ("key", 4, 2),
    ]
