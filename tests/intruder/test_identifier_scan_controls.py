"""The identifier scan finds what is planted, and nothing where nothing is.

A scan that misses one container or encoding proves nothing about a home, so each is
planted on purpose. Values are drawn; no test name or message holds one.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import os
import random
import secrets
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from hidden_values import (
    BINARY_ENCODINGS,
    TEXT_ENCODINGS,
    WORD_ENCODINGS,
    Hidden,
    collected,
    hide,
)
from plants import (
    BINARY_CONTAINERS,
    FILE_KEY,
    NAME_CONTAINERS,
    TEXT_CONTAINERS,
    Plant,
)

from parity.home import Home, init
from parity.home.encrypted_database import attach_encrypted, connect
from parity.vault.identifier_scan import scan_home, scan_processes
from parity.vault.scan.needles import Collected, Needles
from parity.vault.scan.report import UNKNOWN, UNREADABLE, ScanReport
from parity.vault.scan.search import MultiSearch

KEYS = {"another": secrets.token_bytes(32), "package:planted": FILE_KEY}

ALL = hide([*TEXT_ENCODINGS, *WORD_ENCODINGS, *BINARY_ENCODINGS])
TEXT = ALL[: len(TEXT_ENCODINGS)]
WORDS = ALL[len(TEXT) : -len(BINARY_ENCODINGS)]
BINARY = ALL[-len(BINARY_ENCODINGS) :]
NEEDLES = Needles.choose(collected(ALL), limit_per_field=10)


@pytest.fixture
def home(tmp_path: Path, empty_home: Home) -> Home:
    """A home without data. Its rooms only: making keys takes longer than a scan."""
    root = tmp_path / "home"
    for folder in empty_home.folders:
        (root / folder.relative_to(empty_home.root)).mkdir(0o700, parents=True)
    return Home(root=root, kind="synthetic")


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)


def _scan(home: Home, needles: Needles = NEEDLES) -> ScanReport:
    return scan_home(home, KEYS, needles)


def _missed(report: ScanReport, hidden: list[Hidden]) -> set[str]:
    return {h.kind for h in hidden} - {f.kind for f in report.findings}


def _plant_and_scan(home: Home, plant: Plant, hidden: list[Hidden]) -> ScanReport:
    plant(home, [h.cell for h in hidden])
    report = _scan(home)
    # what is found is not told
    text = repr(report) + json.dumps(report.as_dict())
    assert [h.kind for h in hidden if h.value in text] == []
    assert [h.kind for h in hidden if h.cell.decode("latin-1") in text] == []
    return report


# --- positive controls --------------------------------------------------------------


@pytest.mark.parametrize("container", TEXT_CONTAINERS)
def test_every_text_encoding_is_found(home: Home, container: str) -> None:
    hidden = [*TEXT, *WORDS]
    report = _plant_and_scan(home, TEXT_CONTAINERS[container], hidden)
    assert _missed(report, hidden) == set()
    assert not report.is_clean


@pytest.mark.parametrize("container", NAME_CONTAINERS)
def test_every_text_encoding_is_found_in_names(home: Home, container: str) -> None:
    report = _plant_and_scan(home, NAME_CONTAINERS[container], TEXT)
    assert _missed(report, TEXT) == set()


@pytest.mark.parametrize("container", BINARY_CONTAINERS)
def test_every_encoding_is_found_among_bytes(home: Home, container: str) -> None:
    hidden = [*TEXT, *BINARY]
    report = _plant_and_scan(home, BINARY_CONTAINERS[container], hidden)
    assert _missed(report, hidden) == set()


@pytest.mark.parametrize(
    "column_type", ["bigint", "hugeint", "uint64", "double", "decimal(18, 2)", "bignum"]
)
def test_a_number_is_found_in_every_numeric_type(home: Home, column_type: str) -> None:
    connection = connect(home.spill)
    attach_encrypted(connection, home.packages / "p.duckdb", "planted", FILE_KEY)
    number = next(h.value for h in TEXT if h.kind == "plain")
    connection.execute(
        f"create table planted.main.t as select $1::bigint::{column_type} as v",
        [int(number)],
    )
    connection.close()
    report = _scan(home)
    assert ("packages/p.duckdb", "main.t.v", "plain") in {
        (f.place, f.location, f.kind) for f in report.findings
    }


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
    assert _missed(report, hidden) == set()
    assert {f.location for f in report.findings} == {channel}


def test_digests_of_joined_values_are_found(home: Home) -> None:
    person = ("9990000123", "1961-02-03")
    text = "-".join(person).encode()

    page = hashlib.md5(text, usedforsecurity=False).hexdigest()
    (home.dbt_logs / "dbt.log").write_text(f"surrogate key {page}\n")
    needles = Needles.choose(
        [Collected("joined", "identifier", frozenset(), frozenset({person}))], 10
    )
    assert [f.kind for f in _scan(home, needles).findings] == ["joined"]


BORN = [(date(1950, 1, 1) + timedelta(days=31 * n)).isoformat() for n in range(200)]
BIRTH_DATES = Needles.choose(
    [Collected("birth date", "birth_date", frozenset(BORN))], 200
)


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y"])
def test_a_column_of_birth_dates_is_found(home: Home, written: str) -> None:
    days = [date.fromisoformat(day).strftime(written) for day in BORN[:60]]
    rows = "".join(f"{n},{day}\n" for n, day in enumerate(days))
    (home.answers / "answer.csv").write_text("row,day\n" + rows)
    found = _scan(home, BIRTH_DATES).findings
    assert [(f.place, f.kind, f.count) for f in found] == [
        ("answers/answer.csv", "birth date", 60)
    ]


def test_a_date_column_of_birth_dates_is_found(home: Home) -> None:
    _dates_in_duckdb(home, BORN)
    found = _scan(home, BIRTH_DATES).findings
    assert [(f.location, f.count) for f in found] == [("main.t.v", len(BORN))]


def test_a_column_of_short_numbers_is_found(home: Home) -> None:
    draw = random.Random(3)  # noqa: S311
    numbers = [str(n) for n in sorted(draw.sample(range(123_456, 987_654), 200))]
    (home.answers / "answer.csv").write_text("id\n" + "\n".join(numbers) + "\n")
    needles = Needles.choose(
        [Collected("number", "identifier", frozenset(numbers))], 200
    )
    assert [f.count for f in _scan(home, needles).findings] == [200]


def test_a_column_of_codes_of_three_characters_is_found(home: Home) -> None:
    codes = [f"W{n}" for n in range(11, 99, 3)]
    needles = Needles.choose([Collected("code", "identifier", frozenset(codes))], 200)
    (home.answers / "few.csv").write_text("worker\n" + "\n".join(codes[:8]) + "\n")
    assert _scan(home, needles).is_clean
    (home.answers / "all.csv").write_text("worker\n" + "\n".join(codes) + "\n")
    found = _scan(home, needles).findings
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


# --- what cannot be looked into is a finding ----------------------------------------


def test_a_database_without_its_key_is_a_finding(home: Home) -> None:
    TEXT_CONTAINERS["DuckDB text column"](home, [h.cell for h in TEXT])
    found = scan_home(home, {"another": KEYS["another"]}, NEEDLES).findings
    assert [(f.place, f.kind) for f in found] == [
        ("packages/planted.duckdb", UNREADABLE)
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("short.gz", gzip.compress(os.urandom(500))[:-100]),
        ("bad.zip", b"PK\x03\x04" + bytes(80)),
        ("bad.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 80),
        ("bad.parquet", b"PAR1" + bytes(80) + b"PAR1"),
        ("bad.db", b"SQLite format 3\0" + b"\xff" * 200),
        ("bad.duckdb", bytes(8) + b"DUCK" + bytes(80)),
        ("bad.pickle", b"\x80\x05" + b"\xff" * 20),
        ("bad.msgpack", b"\xc1" * 20),
    ],
)
def test_a_damaged_container_is_a_finding(
    home: Home, name: str, content: bytes
) -> None:
    (home.dbt_target / name).write_bytes(content)
    assert {f.kind for f in _scan(home).findings} == {UNREADABLE}


def test_an_unknown_container_is_a_finding(home: Home) -> None:
    (home.spill / "left_over.tmp").write_bytes(b"\x81\xfe\xfd\0" * 50)
    found = _scan(home).findings
    assert [(f.place, f.kind) for f in found] == [
        ("operations/spill/left_over.tmp", UNKNOWN)
    ]


def test_a_pipe_and_a_link_that_leads_out_are_findings(home: Home) -> None:
    os.mkfifo(home.spill / "pipe")
    (home.packages / "link").symlink_to(home.vault)
    found = _scan(home).findings
    assert {(f.place, f.kind) for f in found} == {
        ("operations/spill/pipe", UNREADABLE),
        ("packages/link", UNREADABLE),
    }


def test_a_process_that_ended_is_a_finding() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        child.wait()
    found = scan_processes([child.pid], NEEDLES).findings
    assert {f.kind for f in found} == {UNREADABLE}


# --- controls the other way ---------------------------------------------------------


def test_a_home_without_identifiers_is_clean(empty_home: Home) -> None:
    report = scan_home(empty_home, {}, NEEDLES)
    assert report.is_clean
    assert report.findings == ()
    assert report.coverage.files > 0


def test_a_scan_for_nothing_is_not_clean(home: Home) -> None:
    assert not _scan(home, Needles.choose([], 10)).is_clean


def test_what_only_looks_alike_is_not_found(home: Home) -> None:
    """Longer numbers, other numbers, keyed hashes, a short identifier in a word."""
    cells = [f"1{h.value}".encode() for h in TEXT if h.value.isdigit()]
    cells += [f"{h.value}7".encode() for h in TEXT if h.value.isdigit()]
    cells += [f"{int(h.value) + 1}".encode() for h in TEXT if h.value.isdigit()]
    cells += [f"x{h.value}y z{h.value}".encode() for h in WORDS]
    cells += [hmac.digest(FILE_KEY, h.value.encode(), "sha256") for h in TEXT]
    BINARY_CONTAINERS["DuckDB BLOB column"](home, cells)
    BINARY_CONTAINERS["SQLite blob"](home, cells)
    report = _scan(home)
    assert report.is_clean
    assert report.coverage.columns == 3


def test_dates_that_anybody_may_have_are_not_found(home: Home) -> None:
    """Every day of twenty years holds all birth dates, and all their decoys."""
    first = date(1950, 1, 1)
    days = [(first + timedelta(days=n)).isoformat() for n in range(20 * 365)]
    _dates_in_duckdb(home, days)
    (home.dbt_logs / "dbt.log").write_text(f"{BORN[0]} and {BORN[1]}\n")
    assert _scan(home, BIRTH_DATES).is_clean


def test_row_numbers_are_no_short_identifiers(home: Home) -> None:
    """Identifiers given out in a run, and a column that counts past them."""
    given = [str(n) for n in range(10_000, 10_400)]
    needles = Needles.choose([Collected("number", "identifier", frozenset(given))], 200)
    rows = "".join(f"{n}\n" for n in range(1, 20_000))
    (home.answers / "rows.csv").write_text("row\n" + rows)
    assert _scan(home, needles).is_clean


def test_rooms_of_identifiers_are_left_out(home: Home) -> None:
    for room in (home.landing_inbox, home.landing_sealed, home.vault):
        (room / "rows.csv").write_bytes(b"\n".join(h.cell for h in TEXT))
    assert _scan(home).is_clean


def test_postcodes_may_stand_in_the_list_of_postcodes_only(home: Home) -> None:
    postcodes = [h for h in TEXT if h.shape == "postcode"]
    number = next(h for h in TEXT if h.kind == "plain")
    content = b"\n".join(h.cell for h in [*postcodes, number])
    (home.reference / "postcodes.csv").write_bytes(content)
    report = _scan(home)
    assert {f.kind for f in report.findings} == {number.kind}
    assert {f.kind for f in report.expected} == {h.kind for h in postcodes}
    (home.reference / "practices.csv").write_bytes(content)
    assert _missed(_scan(home), postcodes) == set()


# --- the report ---------------------------------------------------------------------


def test_needles_show_no_value() -> None:
    text = repr(NEEDLES) + repr(NEEDLES.needles[0]) + repr(collected(TEXT)[0])
    assert [h.kind for h in ALL if h.value in text] == []


def test_a_finding_says_where(home: Home) -> None:
    TEXT_CONTAINERS["DuckDB text in another schema"](home, [TEXT[0].cell] * 3)
    NAME_CONTAINERS["file name"](home, [TEXT[0].cell])
    places = {(f.place, f.location, f.count) for f in _scan(home).findings}
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


def _dates_in_duckdb(home: Home, days: list[str]) -> None:
    path = home.packages / "p.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select unnest($1::date[]) as v", [days])
    path.chmod(0o600)
